// Load for the gRPC echo: each connection is a channel with a subchannel pool of its own, each of its calls in flight a
// slot that makes the next call when one ends. One completion queue and one thread serve all: beside a server on two
// cores a second one, and the callback API, made fewer calls.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../measure.h"
#include "chat/v1/diagnostics.grpc.pb.h"

namespace {

using chat::v1::DiagnosticsService;
using chat::v1::EchoReply;
using chat::v1::EchoRequest;

std::atomic<bool> is_measuring{false}, is_stopping{false};

// The calls, their queue and thread, and what they came to. Only the thread touches it, until it is joined.
class Callers final {
  public:
    Callers() { request_.set_payload(std::string(PAYLOAD_BYTES, 'x')); }

    void add_calls(const std::shared_ptr<grpc::Channel> &channel, int count) {
        stubs_.push_back(DiagnosticsService::NewStub(channel));
        for (int i = 0; i < count; i++) calls_.push_back(std::make_unique<Call>(stubs_.back().get()));
    }

    void start() {
        thread_ = std::thread([this] { run(); });
    }

    void join() { thread_.join(); }

    histogram_t latencies{};
    uint64_t errors = 0;

  private:
    struct Call {
        explicit Call(DiagnosticsService::Stub *its_stub) : stub(its_stub) {}

        DiagnosticsService::Stub *stub;
        uint64_t began_ns = 0;
        // A context serves one call.
        std::unique_ptr<grpc::ClientContext> context;
        std::unique_ptr<grpc::ClientAsyncResponseReader<EchoReply>> reader;
        EchoReply reply;
        grpc::Status status;
    };

    void begin(Call *call) {
        call->reader.reset();
        call->context = std::make_unique<grpc::ClientContext>();
        call->context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(CALL_SECONDS_MAX));
        call->began_ns = now_ns();
        call->reader = call->stub->AsyncEcho(call->context.get(), request_, &queue_);
        call->reader->Finish(&call->reply, &call->status, call);
    }

    void end(const Call &call) {
        const bool is_echo = call.status.ok() && call.reply.payload() == request_.payload();
        if (!is_echo && !has_told_failure_) {
            has_told_failure_ = true;
            fprintf(stderr, "a call failed: %d %s\n", call.status.error_code(), call.status.error_message().c_str());
        }
        if (!is_measuring.load(std::memory_order_relaxed)) return;
        if (is_echo) record(&latencies, now_ns() - call.began_ns);
        else errors++;
    }

    void run() {
        for (auto &call : calls_) begin(call.get());
        size_t left = calls_.size();
        void *tag;
        bool is_whole;
        // Each call has a deadline, so this ends soon after the load does.
        while (left > 0 && queue_.Next(&tag, &is_whole)) {
            auto *call = static_cast<Call *>(tag);
            end(*call);
            if (is_stopping.load(std::memory_order_relaxed)) left--;
            else begin(call);
        }
        queue_.Shutdown();
        while (queue_.Next(&tag, &is_whole)) {}
    }

    grpc::CompletionQueue queue_;
    EchoRequest request_;
    std::vector<std::unique_ptr<DiagnosticsService::Stub>> stubs_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::thread thread_;
    bool has_told_failure_ = false;
};

std::shared_ptr<grpc::Channel> connect(const load_options_t &options) {
    grpc::ChannelArguments arguments;
    // Channels to one address share a connection otherwise.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    auto channel = grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(), arguments);
    const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(CALL_SECONDS_MAX);
    if (!channel->WaitForConnected(deadline)) {
        fprintf(stderr, "no gRPC server answers at %s\n", options.server);
        exit(EXIT_UNAVAILABLE);
    }
    return channel;
}

void wait(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

}  // namespace

int main(int argc, char **argv) {
    const load_options_t options = parse_options(argc, argv);
    // Too large for the stack.
    const auto callers = std::make_unique<Callers>();
    for (int i = 0; i < options.connections; i++) callers->add_calls(connect(options), options.in_flight);
    callers->start();
    wait(options.warm_up_seconds);

    measured_t measured{};
    measured.cpu_seconds = -cpu_seconds(options.server_pid);
    const uint64_t began = now_ns();
    is_measuring = true;
    wait(options.duration_seconds);
    is_measuring = false;
    measured.seconds = static_cast<double>(now_ns() - began) / 1e9;
    measured.cpu_seconds += cpu_seconds(options.server_pid);
    measured.resident_bytes = resident_bytes(options.server_pid);
    is_stopping = true;

    callers->join();
    measured.latencies = &callers->latencies;
    measured.errors = callers->errors;
    return report(&options, &measured);
}
