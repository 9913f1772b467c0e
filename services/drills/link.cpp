#include "services/drills/link.h"

#include "services/runtime/clock.h"

namespace qd::drills {

Link::Link(const wire::HttpClientOptions& options)
    : m_network(1, "link"), m_executor(m_network.makeExecutor()),
      m_http(wire::makeHttpClient(m_network, *m_executor, options)),
      m_sockets(wire::makeWebSocketClient(m_network, *m_executor, options.tls))
{
}

Link::~Link()
{
    m_sockets.reset();
    m_http.reset();
    m_network.stop();
}

std::future<Result<wire::HttpResponse>> Link::begin(wire::HttpRequest request)
{
    const auto answered = std::make_shared<std::promise<Result<wire::HttpResponse>>>();
    auto future = answered->get_future();
    m_executor->post([this, answered, request = std::move(request)]() mutable {
        m_http->send(std::move(request), [answered](Result<wire::HttpResponse> response) {
            answered->set_value(std::move(response));
        });
    });
    return future;
}

Result<wire::HttpResponse> Link::exchange(wire::HttpRequest request)
{
    return begin(std::move(request)).get();
}

std::string Answer::text(std::string_view member) const
{
    return std::string(root()[member].stringOr({}));
}

ApiClient::ApiClient(Link& link, std::string baseUrl, runtime::Secret token)
    : m_link(link), m_baseUrl(std::move(baseUrl)), m_token(std::move(token))
{
}

wire::HttpRequest ApiClient::request(std::string method, std::string path, std::string body,
                                     CallOptions options) const
{
    wire::HttpRequest request;
    request.method = std::move(method);
    request.target = m_baseUrl + path;
    request.headers = std::move(options.headers);
    request.timeout = options.timeout;
    if (!m_token.empty() && !request.headers.contains("Authorization"))
        request.headers.set("Authorization", "Bearer " + std::string(m_token.revealForUse()));
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

std::future<Result<wire::HttpResponse>> ApiClient::begin(std::string method, std::string path,
                                                         std::string body, CallOptions options)
{
    return m_link.begin(
        request(std::move(method), std::move(path), std::move(body), std::move(options)));
}

Result<Answer> ApiClient::finish(Result<wire::HttpResponse> response, Duration took)
{
    if (!response) return tl::unexpected(response.error());
    Answer answer;
    answer.status = response->status;
    answer.headers = std::move(response->headers);
    answer.body = std::move(response->body);
    answer.took = took;
    json::Limits limits;
    limits.sizeBytesMax = 64 << 20;
    limits.valuesMax = 5'000'000;
    if (auto document = json::Document::parse(answer.body, limits))
        answer.document = std::make_shared<const json::Document>(std::move(*document));
    return answer;
}

Result<Answer> ApiClient::call(std::string method, std::string path, std::string body,
                               CallOptions options)
{
    const auto& clock = runtime::systemClock();
    const Duration before = clock.steady();
    auto response =
        begin(std::move(method), std::move(path), std::move(body), std::move(options)).get();
    return finish(std::move(response), clock.steady() - before);
}

} // namespace qd::drills
