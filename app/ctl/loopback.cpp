#include "app/ctl/loopback.h"

#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <fmt/format.h>

#include "services/wire/url.h"

namespace qd::ctl {

namespace {

wire::HttpResponse closingPage(int status, std::string_view text)
{
    return {status,
            {{"Content-Type", "text/html; charset=utf-8"},
             {"Cache-Control", "no-store"},
             {"Referrer-Policy", "no-referrer"},
             {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
             {"X-Content-Type-Options", "nosniff"}},
            fmt::format("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                        "<title>Quarterdeck</title><style>body{{font-family:sans-serif;"
                        "margin:15vh auto;max-width:30em;text-align:center}}</style></head>"
                        "<body><h1>Quarterdeck</h1><p>{}</p></body></html>\n",
                        text)};
}

/// A broker's answer, whoever's it is: a state, and a code or an error.
bool looksLikeAnswer(const wire::Target& target)
{
    return !target.queryValue("state").empty() &&
           (!target.queryValue("code").empty() || !target.queryValue("error").empty());
}

} // namespace

std::optional<ReturnAddress> ReturnAddress::parse(const std::string& redirectUri)
{
    const auto url = wire::Url::parse(redirectUri);
    const bool isOurs = url && url->scheme == "http" &&
                        (url->host == "127.0.0.1" || url->host == "::1");
    if (!isOurs) return std::nullopt;
    ReturnAddress address{url->host, url->target.substr(0, url->target.find('?')), url->port};
    const auto authority = redirectUri.substr(7, redirectUri.find('/', 7) - 7);
    const bool namesPort = authority.rfind(':') != std::string::npos && !authority.ends_with(']');
    if (!namesPort) address.port = 0;
    return address;
}

Loopback::Loopback(ReturnAddress address)
    : m_address(std::move(address)), m_network(1, "loopback"), m_executor(m_network.makeExecutor())
{
}

Loopback::~Loopback()
{
    m_server.reset();
    m_network.stop();
}

Result<std::unique_ptr<Loopback>> Loopback::listen(const ReturnAddress& address)
{
    std::unique_ptr<Loopback> loopback(new Loopback(address));
    wire::ServerOptions options;
    options.address = address.host;
    options.port = address.port;
    options.connectionsMax = 16;
    options.bodyBytesMax = 4 << 10;
    auto server = wire::makeServer(loopback->m_network, *loopback->m_executor, *loopback, options);
    if (!server) return tl::unexpected(server.error());
    runtime::runAndWait(*loopback->m_executor, [&] {
        loopback->m_server = std::move(*server);
        const bool isV6 = address.host.find(':') != std::string::npos;
        loopback->m_authority = fmt::format(fmt::runtime(isV6 ? "[{}]:{}" : "{}:{}"), address.host,
                                            loopback->m_server->port());
    });
    return loopback;
}

std::optional<std::string> Loopback::arrived() const
{
    const std::lock_guard lock(m_mutex);
    return m_arrived;
}

void Loopback::handle(wire::HttpRequest request, Respond respond)
{
    respond(answer(request));
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse> Loopback::upgrade(const wire::HttpRequest&)
{
    return tl::unexpected(closingPage(404, "There is nothing here."));
}

wire::HttpResponse Loopback::answer(const wire::HttpRequest& request)
{
    const auto target = wire::Target::parse(request.target);
    if (request.headers.find("Host") != m_authority)
        return closingPage(400, "This address was reached by another name than its own.");
    if (!target || target->path != m_address.path) return closingPage(404, "There is nothing here.");
    if (request.method != "GET") return closingPage(405, "There is nothing to send here.");
    if (!looksLikeAnswer(*target)) return closingPage(400, "No broker sends this.");
    const std::lock_guard lock(m_mutex);
    if (m_arrived) return closingPage(409, "This has been answered. You can close this window.");
    m_arrived = request.target.substr(request.target.find('?') + 1);
    return closingPage(200, "The broker's answer has arrived. You can close this window.");
}

void openInBrowser(const std::string& url)
{
    const char* chosen = std::getenv("BROWSER");
    std::string program = chosen != nullptr && *chosen != '\0' ? chosen : "xdg-open";
    std::string address = url;
    char* const arguments[] = {program.data(), address.data(), nullptr};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    for (const int descriptor : {0, 1, 2})
        ::posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID); // it outlives this command
    pid_t child = -1;
    ::posix_spawnp(&child, program.c_str(), &files, &attributes, arguments, environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
}

} // namespace qd::ctl
