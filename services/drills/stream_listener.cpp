#include "services/drills/stream_listener.h"

#include "services/drills/child.h"

namespace qd::drills {

/// Outlives the listener: the socket's last words come when they come.
struct StreamListener::Ear {
    mutable std::mutex mutex;
    std::vector<std::string> messages;
    std::shared_ptr<wire::WebSocket> socket; ///< link's executor only
    bool open = false, closed = false;
    std::string wish; ///< sent once the socket is open
};

namespace {

std::string streamUrl(const std::string& baseUrl)
{
    const bool tls = baseUrl.starts_with("https://");
    return (tls ? "wss://" : "ws://") + baseUrl.substr(tls ? 8 : 7) + "/v1/stream";
}

} // namespace

StreamListener::StreamListener(Link& link, const std::string& baseUrl, std::string_view token,
                               std::optional<std::int64_t> after)
    : m_link(link), m_ear(std::make_shared<Ear>())
{
    json::Writer hello;
    hello.beginObject().member("type", "hello").member("token", token).member("after", after);
    wire::WebSocketOptions options;
    options.url = streamUrl(baseUrl);
    wire::WebSocketEvents events;
    events.onOpen = [ear = m_ear, text = hello.endObject().take()](auto socket) {
        ear->socket = std::move(socket);
        ear->socket->send({false, text});
        std::lock_guard lock(ear->mutex);
        ear->open = true;
        if (!ear->wish.empty()) ear->socket->send({false, ear->wish});
    };
    events.onMessage = [ear = m_ear](wire::WebSocketMessage message) {
        std::lock_guard lock(ear->mutex);
        ear->messages.push_back(std::move(message.payload));
    };
    events.onClosed = [ear = m_ear](const wire::CloseReason&) {
        ear->socket.reset();
        std::lock_guard lock(ear->mutex);
        ear->open = false;
        ear->closed = true;
    };
    m_link.executor().post([&sockets = m_link.sockets(), options, events] {
        sockets.connect(options, events);
    });
}

StreamListener::~StreamListener()
{
    runtime::runAndWait(m_link.executor(), [this] {
        if (m_ear->socket) m_ear->socket->close({1000, "done"});
    });
}

void StreamListener::subscribe(const std::string& members)
{
    const std::string wish = R"({"type":"subscribe",)" + members + "}";
    m_link.executor().post([ear = m_ear, wish] {
        if (ear->socket) ear->socket->send({false, wish});
        std::lock_guard lock(ear->mutex);
        ear->wish = wish;
    });
}

std::vector<std::string> StreamListener::messages() const
{
    std::lock_guard lock(m_ear->mutex);
    return m_ear->messages;
}

bool StreamListener::isOpen() const
{
    std::lock_guard lock(m_ear->mutex);
    return m_ear->open;
}

bool StreamListener::isClosed() const
{
    std::lock_guard lock(m_ear->mutex);
    return m_ear->closed;
}

std::string StreamListener::waitFor(std::chrono::milliseconds limit,
                                    const std::function<bool(const json::Value&)>& wanted) const
{
    std::string found;
    std::size_t seen = 0;
    waitUntil(limit, [&] {
        for (const auto all = messages(); seen < all.size() && found.empty(); ++seen)
            if (const auto document = json::Document::parse(all[seen]))
                if (wanted(document->root())) found = all[seen];
        return !found.empty() || isClosed();
    });
    return found;
}

std::vector<std::int64_t> StreamListener::sequences() const
{
    std::vector<std::int64_t> result;
    for (const auto& text : messages()) {
        const auto document = json::Document::parse(text);
        if (!document) continue;
        const auto type = (*document)["type"].stringOr({});
        if (type == "event" || type == "snapshot")
            result.push_back((*document)["sequence"].integerOr(-1));
    }
    return result;
}

} // namespace qd::drills
