// The echo of proto/chat/v1/diagnostics.proto on gRPC C++, with the callback API and its defaults: the library's own
// threads serve, each answer is given on the thread that read the request.
#include <grpcpp/grpcpp.h>

#include <cstdio>

#include "chat/v1/diagnostics.grpc.pb.h"

namespace {

class Diagnostics final : public chat::v1::DiagnosticsService::CallbackService {
    grpc::ServerUnaryReactor *Echo(
        grpc::CallbackServerContext *context, const chat::v1::EchoRequest *request,
        chat::v1::EchoReply *reply) override {
        reply->set_payload(request->payload());
        auto *reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }
};

}  // namespace

int main() {
    Diagnostics service;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    if (!server || port == 0) {
        std::fprintf(stderr, "cannot listen on loopback\n");
        return 1;
    }
    std::printf("listening on 127.0.0.1:%d\n", port);
    std::fflush(stdout);
    server->Wait();
}
