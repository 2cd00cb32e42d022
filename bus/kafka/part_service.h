// PartService over gRPC: what operators ask of a part that has an outbox.
#ifndef SIMPUL_BUS_KAFKA_PART_SERVICE_H_
#define SIMPUL_BUS_KAFKA_PART_SERVICE_H_

#include "bus/store/store.h"
#include "simpul/bus/v1/part.grpc.pb.h"

namespace simpul::kafka {

// Thread-safe.
class PartService final : public bus::v1::PartService::Service {
 public:
  enum class Reads { kNothing, kEvents };  // whether the part is a consumer too

  // `store` outlives the service; migrated with OutboxMigrations(), and with ConsumerMigrations()
  // of a part that reads events.
  PartService(store::Store& store, Reads reads) : store_(store), reads_(reads) {}

  grpc::Status ResendEvents(grpc::ServerContext* context,
                            const bus::v1::ResendEventsRequest* request,
                            bus::v1::ResendEventsResponse* response) override;
  grpc::Status ListParkedEvents(grpc::ServerContext* context,
                                const bus::v1::ListParkedEventsRequest* request,
                                bus::v1::ListParkedEventsResponse* response) override;

 private:
  store::Store& store_;
  const Reads reads_;
};

}  // namespace simpul::kafka

#endif  // SIMPUL_BUS_KAFKA_PART_SERVICE_H_
