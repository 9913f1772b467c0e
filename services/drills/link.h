#pragma once

#include <future>
#include <memory>
#include <string>

#include "services/json/json.h"
#include "services/runtime/secret.h"
#include "services/wire/http.h"
#include "services/wire/network.h"

namespace qd::drills {

/// The network for a program that asks and waits: sockets run on a thread of their own, the caller
/// blocks. One calling thread; destroy after everything that was made from it.
class Link {
public:
    explicit Link(const wire::HttpClientOptions& options = {});
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    /// Send and wait for the answer, at most the request's time-out.
    Result<wire::HttpResponse> exchange(wire::HttpRequest request);
    /// Send; the answer comes to the future. For many at once.
    std::future<Result<wire::HttpResponse>> begin(wire::HttpRequest request);

    runtime::Executor& executor() { return *m_executor; }
    wire::WebSocketClient& sockets() { return *m_sockets; }

private:
    wire::Network m_network;
    std::unique_ptr<runtime::Executor> m_executor;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<wire::WebSocketClient> m_sockets;
};

/// An answer with its JSON. Values read from it live as long as a copy of it does.
struct Answer {
    int status = 0;
    wire::Headers headers;
    std::string body;
    Duration took{};
    std::shared_ptr<const json::Document> document; ///< null when the body is no JSON

    bool isOk() const { return status >= 200 && status < 300; }
    json::Value root() const { return document ? document->root() : json::Value(); }
    json::Value operator[](std::string_view member) const { return root()[member]; }
    /// A string member; empty if it is none.
    std::string text(std::string_view member) const;
};

struct CallOptions {
    wire::Headers headers;
    std::chrono::milliseconds timeout{20'000};
};

/// Why there is no answer; empty when there is one.
template <typename T>
std::string whyNot(const Result<T>& result)
{
    return result ? std::string() : describe(result.error());
}

/// The API of one server, synchronously. Same thread as the Link.
class ApiClient {
public:
    /// `baseUrl` without a slash at its end. `token` may be empty: no Authorization is sent.
    ApiClient(Link& link, std::string baseUrl, runtime::Secret token = {});

    /// Any HTTP status is an answer. Fails as `HttpClient::send` does.
    Result<Answer> call(std::string method, std::string path, std::string body = {},
                        CallOptions options = {});
    /// As `call`, for many at once; `finish` makes the Answer.
    std::future<Result<wire::HttpResponse>> begin(std::string method, std::string path,
                                                  std::string body = {}, CallOptions options = {});
    static Result<Answer> finish(Result<wire::HttpResponse> response, Duration took = {});

    const std::string& baseUrl() const { return m_baseUrl; }
    std::string_view tokenForUse() const { return m_token.revealForUse(); }
    Link& link() { return m_link; }

private:
    wire::HttpRequest request(std::string method, std::string path, std::string body,
                              CallOptions options) const;
    Link& m_link;
    std::string m_baseUrl;
    runtime::Secret m_token;
};

} // namespace qd::drills
