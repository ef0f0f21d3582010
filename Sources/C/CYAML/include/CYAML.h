// Debian's libyaml, opened with the first YAML document: what has no recipe and no model file to read never pays for it.
//
// Its functions are called by their own names; `suture_yaml_open` comes before the first of them.
#ifndef SUTURE_CYAML_H
#define SUTURE_CYAML_H

// What yaml.h includes, and is everybody's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Nobody else is to find these functions where the library's are meant: the library itself calls some of them.
#pragma GCC visibility push(hidden)
#include <yaml.h>
#pragma GCC visibility pop

// NULL where libyaml is there, otherwise what the linker says. May be called from any thread.
const char *suture_yaml_open(void);

#endif
