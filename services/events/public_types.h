// Which event types agencies may subscribe to, and what of them is personal.
#ifndef SIMPUL_SERVICES_EVENTS_PUBLIC_TYPES_H_
#define SIMPUL_SERVICES_EVENTS_PUBLIC_TYPES_H_

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "bus/store/store.h"
#include "simpul/catalogue/v1/registry.pb.h"

namespace simpul::events {

class Contract;  // descriptors of one protoset

// The protoset with this hash, from the catalogue.
using FetchContract = std::function<absl::StatusOr<std::string>(const std::string& hash)>;

// A type is public when a part of kind service writes a topic of its name and its contract has a
// message of that name; topics of sources never are. A type once learnt is kept in the store: its
// events remain readable while its owner or the catalogue is away, and a client with a token is not
// refused because a service restarts. Thread-safe.
class PublicTypes {
 public:
  // `store` outlives it; migrated by Open.
  static absl::StatusOr<std::unique_ptr<PublicTypes>> Open(store::Store& store,
                                                           FetchContract fetch);
  ~PublicTypes();

  // Learns from the catalogue's list which there are.
  void Update(const std::vector<simpul::catalogue::v1::Part>& parts);
  // Fetches the contracts that are new; waits for the catalogue. What cannot be had is asked for
  // again the next time. One thread at a time.
  void FetchMissing();

  // Whether types are known, from the catalogue or from the store.
  bool heard() const;

  // INVALID_ARGUMENT: names the type that is not public, and those that are. UNAVAILABLE: the
  // catalogue has not been heard of yet, or a contract is missing, so it may become known.
  absl::Status Check(std::span<const std::string> types) const;

  // The event's data without personal fields. The owner has cleared them already, so this is the
  // second lock on the door: only types whose contract has such fields pay for it, once per record
  // and not per subscriber (a dynamic message parsed, cleared and written: about 2 µs for a
  // SessionEvent). DATA_LOSS: it is no message of this type. NOT_FOUND: the type is not public.
  absl::StatusOr<std::string> WithoutPersonal(std::string_view type, std::string data) const;

 private:
  struct Known {
    std::string hash;
    std::shared_ptr<const Contract> contract;
  };
  using Wanted = std::map<std::string, std::string>;  // type to contract hash

  PublicTypes(store::Store& store, FetchContract fetch);
  absl::Status Load();
  absl::Status Learn(const std::string& type, const std::string& hash, const std::string& protoset);

  store::Store& store_;
  const FetchContract fetch_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Known, std::less<>> known_ ABSL_GUARDED_BY(mutex_);
  Wanted wanted_ ABSL_GUARDED_BY(mutex_);
  bool heard_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_PUBLIC_TYPES_H_
