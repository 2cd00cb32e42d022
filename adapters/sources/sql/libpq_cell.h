// PostgreSQL's binary values as cells.
#ifndef SIMPUL_ADAPTERS_SOURCES_SQL_LIBPQ_CELL_H_
#define SIMPUL_ADAPTERS_SOURCES_SQL_LIBPQ_CELL_H_

#include <memory_resource>

#include "adapters/sources/value.h"
#include "libpq-fe.h"

namespace simpul::sources::sql {

// Where texts are kept that had to be made, until the batch has been delivered.
using Scratch = std::pmr::memory_resource;

// Turns the bytes of one value into a cell.
using Decode = Cell (*)(const char* bytes, int length, Scratch& scratch);

// How to read a type; null if it has to be cast to text in the query.
Decode DecoderOf(Oid type);

// Types of parameters whose range is narrower than ours.
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kInt8 = 20;

}  // namespace simpul::sources::sql

#endif  // SIMPUL_ADAPTERS_SOURCES_SQL_LIBPQ_CELL_H_
