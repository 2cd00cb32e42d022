// File descriptors: how many this process may have, and how many of them clients may take.
#ifndef SIMPUL_GATEWAY_DESCRIPTORS_H_
#define SIMPUL_GATEWAY_DESCRIPTORS_H_

#include <cstddef>

namespace simpul::gateway {

// Raises the soft limit of this process to the hard one, and returns what holds then.
size_t RaiseDescriptorLimit();

// How many connections of clients fit, at most `wanted`: stores, Kafka, connections to parts, and
// all other parts of the same process must have room beside them.
size_t ConnectionsWithin(size_t descriptors, size_t wanted);

}  // namespace simpul::gateway

#endif  // SIMPUL_GATEWAY_DESCRIPTORS_H_
