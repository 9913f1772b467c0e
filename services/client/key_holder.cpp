#include "services/client/key_holder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <QPointer>

#include "models/base/whole_number.h"

namespace qd::client {

namespace {

constexpr std::size_t kLineMax = 512, kWhyMax = 400;

struct StoreRequest {
    std::uint64_t number;
    std::size_t size;
};

/// "store <number> <bytes>"
std::optional<StoreRequest> parseStoreRequest(std::string_view line)
{
    constexpr std::string_view kStore = "store ";
    const auto blank = line.rfind(' ');
    if (!line.starts_with(kStore) || blank < kStore.size()) return std::nullopt;
    const auto number =
        wholeNumber<std::uint64_t>(line.substr(kStore.size(), blank - kStore.size()));
    const auto size = wholeNumber<std::size_t>(line.substr(blank + 1));
    if (!number || !size) return std::nullopt;
    return StoreRequest{*number, *size};
}

/// On one line, and not too long for it.
std::string oneLine(std::string text)
{
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' '; }, ' ');
    return text.substr(0, kWhyMax);
}

} // namespace

Result<std::unique_ptr<KeyHolder>> KeyHolder::open(const runtime::Secret& keys, Keep keep)
{
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail(ErrorKind::Unavailable, "client.key_holder",
                    std::string("no pair of sockets: ") + std::strerror(errno));
    std::unique_ptr<KeyHolder> holder(new KeyHolder(ends[0], ends[1], std::move(keep)));
    const auto text = keys.revealForUse();
    QD_ASSERT(text.size() <= kTextMax);
    holder->answer("quarterdeck-key-holder v1\nkeys " + std::to_string(text.size()) + '\n');
    if (!text.empty()) holder->answer(text);
    return holder;
}

KeyHolder::KeyHolder(int socket, int childEnd, Keep keep)
    : m_socket(socket), m_childEnd(childEnd), m_keep(std::move(keep)),
      m_readable(socket, QSocketNotifier::Read)
{
    connect(&m_readable, &QSocketNotifier::activated, this, &KeyHolder::read);
}

KeyHolder::~KeyHolder()
{
    hangUp();
    closeChildEnd();
}

void KeyHolder::closeChildEnd()
{
    if (m_childEnd >= 0) ::close(m_childEnd);
    m_childEnd = -1;
}

void KeyHolder::hangUp()
{
    m_readable.setEnabled(false);
    if (m_socket >= 0) ::close(m_socket);
    m_socket = -1;
}

void KeyHolder::read()
{
    std::array<char, kTextMax> bytes{};
    m_read.reserve(2 * kTextMax + kLineMax); // growing would leave copies behind
    const auto count = ::recv(m_socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) return hangUp();
    m_read.append(bytes.data(), static_cast<std::size_t>(count));
    explicit_bzero(bytes.data(), static_cast<std::size_t>(count));
    takeRequests();
}

void KeyHolder::takeRequests()
{
    while (m_socket >= 0 && !m_isKeeping && takeRequest()) {}
    // The next one waits in the socket until this one is answered.
    if (m_socket >= 0) m_readable.setEnabled(!m_isKeeping);
}

bool KeyHolder::takeRequest()
{
    const auto end = m_read.find('\n');
    if (std::min(end, m_read.size()) > kLineMax) {
        hangUp();
        return false;
    }
    if (end == std::string::npos) return false;
    const auto request = parseStoreRequest(std::string_view(m_read).substr(0, end));
    if (!request || request->number != m_requests + 1 || request->size > kTextMax) {
        hangUp();
        return false;
    }
    if (m_read.size() < end + 1 + request->size) return false;
    ++m_requests;
    auto keys = std::make_shared<runtime::Secret>(m_read.substr(end + 1, request->size));
    explicit_bzero(m_read.data(), end + 1 + request->size);
    m_read.erase(0, end + 1 + request->size);
    const auto number = std::to_string(request->number);
    if (!keys->revealForUse().starts_with(kTitle)) {
        answer("refused " + number + " these are no keys\n");
        return true;
    }
    m_isKeeping = true;
    m_keep(keys, [this, guard = QPointer<KeyHolder>(this), number](const Result<void>& kept) {
        if (!guard) return;
        m_isKeeping = false;
        answer(kept ? "stored " + number + '\n'
                    : "refused " + number + ' ' + oneLine(kept.error().detail) + '\n');
        takeRequests();
    });
    return true;
}

/// Answers are few and small: a child that lets them pile up does not want them.
void KeyHolder::answer(std::string_view line)
{
    if (m_socket < 0) return;
    const auto sent = ::send(m_socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(line.size())) hangUp();
}

} // namespace qd::client
