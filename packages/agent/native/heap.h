#include "quickjs.h"

/* The engine, with memory of heap.c's. NULL when there is none. */
JSRuntime *new_runtime(void);
