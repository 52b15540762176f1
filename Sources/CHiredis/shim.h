// hiredis as a codec: its reader and its formatter of commands. Its contexts, which do I/O, are not used.
#include <stddef.h>
#include <hiredis/read.h>
#include <hiredis/hiredis.h>
