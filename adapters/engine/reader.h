// Answers Get and List of a source contract by its descriptor, from whatever answers the queries.
#ifndef SIMPUL_ADAPTERS_ENGINE_READER_H_
#define SIMPUL_ADAPTERS_ENGINE_READER_H_

#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "adapters/engine/mapping.h"
#include "adapters/sources/source.h"
#include "bus/rpc/token.h"

namespace simpul::engine {

// Runs one query of a mapping: on a database, or on the rows of a golden case.
using Ask = absl::FunctionRef<absl::Status(const MappedQuery&, const sources::Bindings&,
                                           sources::EachBatch)>;

// One adapter's Get and List. Immutable, thread-safe.
class Reader {
 public:
  // Both outlive the reader.
  Reader(const LoadedMapping& mapping, const rpc::TokenKey& tokens)
      : mapping_(mapping), tokens_(tokens) {}

  // Whether the mapping has this rpc.
  bool Serves(std::string_view method) const;

  // The rpc's answer to a serialized request, serialized.
  // UNIMPLEMENTED: the mapping has no such rpc. INVALID_ARGUMENT: the request cannot be parsed, its
  // name is of another pattern, page_size is negative, or the page token is not one of ours.
  // NOT_FOUND: no such row. DATA_LOSS: a value does not fit, or a key is of two rows; names
  // adapter, rpc and field, never the value. Else what `ask` returns, with adapter, rpc and the
  // query's line.
  absl::StatusOr<std::string> Answer(std::string_view method, std::string_view request,
                                     Ask ask) const;

 private:
  absl::StatusOr<std::string> Get(const ResourcePlan& plan, std::string_view request,
                                  Ask ask) const;
  absl::StatusOr<std::string> List(const ResourcePlan& plan, std::string_view request,
                                   Ask ask) const;
  absl::Status Explain(const absl::Status& status, std::string_view rpc,
                       const MappedQuery& query) const;
  // A row that does not fit.
  absl::Status Unfit(const absl::Status& status, std::string_view rpc) const;

  const LoadedMapping& mapping_;
  const rpc::TokenKey& tokens_;
};

// The key in a resource's name; std::monostate if no row can have it.
sources::Value KeyOf(const ResourcePlan& plan, std::string_view text);

}  // namespace simpul::engine

#endif  // SIMPUL_ADAPTERS_ENGINE_READER_H_
