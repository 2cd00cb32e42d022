// Where a page or a poll goes on from: the values of its order columns.
#ifndef SIMPUL_ADAPTERS_ENGINE_POSITION_H_
#define SIMPUL_ADAPTERS_ENGINE_POSITION_H_

#include <string>
#include <string_view>
#include <vector>

#include "adapters/engine/mapping.h"
#include "adapters/sources/value.h"

namespace simpul::engine {

using Position = std::vector<sources::Value>;

// Before every row.
Position LowestPosition(const std::vector<OrderColumn>& order);

// Of one row. INVALID_ARGUMENT: the answer lacks an order column, or it is NULL there; it is named.
absl::StatusOr<Position> PositionOf(const std::vector<OrderColumn>& order,
                                    const sources::Batch& batch, size_t row);

// Adds the position as the parameters of its columns.
void Bind(const std::vector<OrderColumn>& order, const Position& position,
          sources::Bindings& bindings);

// As bytes, for tokens and the store. Parse is false if they are of another order.
std::string PositionBytes(const Position& position);
bool ParsePosition(std::string_view bytes, size_t columns, Position& position);

// The column's place in an answer, whatever its case; -1 if it is not there.
int FindColumn(const std::vector<std::string>& columns, std::string_view name);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_POSITION_H_
