#include "decimals.h"

#include <stdio.h>

int suture_write_fixed(double value, int places, char *text, size_t room) {
  return snprintf(text, room, "%.*f", places, value);
}

int suture_write_scientific(double value, int places, char *text, size_t room) {
  return snprintf(text, room, "%.*e", places, value);
}
