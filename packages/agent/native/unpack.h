#include <stddef.h>
#include <stdint.h>

/* Unpacks exactly so many bytes: 0, or -1 when the input does not give them. */
int unpack(const uint8_t *packed, size_t packed_length, uint8_t *output, size_t length);
