#include "CYAML.h"
#include "library.h"

#define FUNCTIONS(X)                                                                                        \
  X(yaml_parser_initialize, int, (yaml_parser_t * parser), (parser))                                        \
  X(yaml_parser_parse, int, (yaml_parser_t * parser, yaml_event_t *event), (parser, event))                 \
  X(yaml_parser_set_input_string, void, (yaml_parser_t * parser, const unsigned char *input, size_t size),  \
    (parser, input, size))                                                                                  \
  X(yaml_parser_delete, void, (yaml_parser_t * parser), (parser))                                           \
  X(yaml_event_delete, void, (yaml_event_t * event), (event))

SUTURE_LIBRARY_BY_NAME("libyaml-0.so.2", FUNCTIONS)

const char *suture_yaml_open(void) { return suture_open(&lib_library); }
