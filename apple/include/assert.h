#pragma once

/* A release build has none. */
#define assert(condition) ((void)0)
