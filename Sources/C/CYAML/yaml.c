#include "CYAML.h"
#include "library.h"

// What is asked of the library: the name and the type of a function, its parameters, and the same without types.
#define CALLS(X)                                                                                             \
  X(yaml_parser_initialize, int, (yaml_parser_t * parser), (parser))                                         \
  X(yaml_parser_parse, int, (yaml_parser_t * parser, yaml_event_t *event), (parser, event))

// Those that answer nothing.
#define COMMANDS(X)                                                                                          \
  X(yaml_parser_set_input_string, (yaml_parser_t * parser, const unsigned char *input, size_t size),         \
    (parser, input, size))                                                                                   \
  X(yaml_parser_delete, (yaml_parser_t * parser), (parser))                                                  \
  X(yaml_event_delete, (yaml_event_t * event), (event))

SUTURE_LIBRARY(lib, "libyaml-0.so.2", NULL, NULL, CALLS(SUTURE_POINTER) COMMANDS(SUTURE_POINTER),
  CALLS(SUTURE_NAME) COMMANDS(SUTURE_NAME))

const char *suture_yaml_open(void) { return suture_open(&lib_library); }

#define CALL(name, type, parameters, arguments) \
  type name parameters { return lib.name arguments; }
CALLS(CALL)
#define COMMAND(name, parameters, arguments) \
  void name parameters { lib.name arguments; }
COMMANDS(COMMAND)
