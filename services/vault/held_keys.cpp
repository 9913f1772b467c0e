#include "services/vault/held_keys.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/base/whole_number.h"
#include "services/runtime/clock.h"
#include "services/vault/stored_keys.h"

namespace qd::vault {
namespace {

constexpr std::string_view kGreeting = "quarterdeck-key-holder v1";
/// A parent has them ready before it starts us.
constexpr std::chrono::milliseconds kGreetsWithin{5'000};

tl::unexpected<Error> holderFails(const std::string& why)
{
    return fail(ErrorKind::Unavailable, "vault.key_holder",
                "the program that holds the vault's master key " + why);
}

/// What is left behind `word` and a blank; nothing if the line does not begin so.
std::optional<std::string_view> restBehind(std::string_view word, std::string_view line)
{
    if (!line.starts_with(word) || line.size() <= word.size() || line[word.size()] != ' ')
        return std::nullopt;
    return line.substr(word.size() + 1);
}

/// The socket, in lines and texts, each within a time. Hangs up for good at the first fault.
class HolderSocket {
public:
    explicit HolderSocket(int fd) : m_fd(fd) {}
    ~HolderSocket() { hangUp(); }
    HolderSocket(const HolderSocket&) = delete;
    HolderSocket& operator=(const HolderSocket&) = delete;

    void hangUp()
    {
        if (m_fd >= 0) ::close(m_fd);
        m_fd = -1;
    }
    void allow(std::chrono::milliseconds time) { m_until = runtime::systemClock().steady() + time; }

    /// Without its newline. Too late: the socket stays open.
    Result<std::string> readLine()
    {
        for (;;) {
            if (const auto end = m_read.find('\n'); end != std::string::npos && end <= kHolderLineMax) {
                std::string line = m_read.substr(0, end);
                m_read.erase(0, end + 1);
                return line;
            }
            if (m_read.size() > kHolderLineMax) return broken("says something else than keys");
            if (auto more = readMore(); !more) return tl::unexpected(more.error());
        }
    }
    Result<runtime::Secret> readText(std::size_t size)
    {
        while (m_read.size() < size)
            if (auto more = readMore(); !more) return tl::unexpected(more.error());
        runtime::Secret text(m_read.substr(0, size));
        explicit_bzero(m_read.data(), size);
        m_read.erase(0, size);
        return text;
    }
    Result<void> send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            if (auto ready = awaitReady(POLLOUT); !ready) return ready;
            const auto sent = ::send(m_fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (sent < 0) return broken("is gone");
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return {};
    }
    tl::unexpected<Error> broken(const std::string& why)
    {
        hangUp();
        return holderFails(why);
    }

private:
    Result<void> awaitReady(short what)
    {
        if (m_fd < 0) return holderFails("is gone");
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                m_until - runtime::systemClock().steady());
            pollfd ready{m_fd, what, 0};
            const int count = left.count() <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left.count()));
            if (count < 0 && errno == EINTR) continue;
            if (count > 0) return {};
            return holderFails("does not answer in time; the key in force is the one before");
        }
    }
    Result<void> readMore()
    {
        if (auto ready = awaitReady(POLLIN); !ready) return ready;
        m_read.reserve(2 * kKeyTextBytesMax); // growing would leave copies behind
        std::array<char, kKeyTextBytesMax> bytes;
        const auto count = ::recv(m_fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
        if (count <= 0) return broken("is gone");
        m_read.append(bytes.data(), static_cast<std::size_t>(count));
        explicit_bzero(bytes.data(), static_cast<std::size_t>(count));
        return {};
    }

    int m_fd;
    Duration m_until{};
    std::string m_read;
};

class HeldKeys final : public StoredKeys {
public:
    HeldKeys(int socket, std::chrono::milliseconds answersWithin)
        : m_socket(socket), m_answersWithin(answersWithin)
    {
    }

    Result<std::vector<MasterKey>> load() override
    {
        if (!m_isGreeted) {
            if (auto greeted = takeGreeting(); !greeted) return tl::unexpected(greeted.error());
            m_isGreeted = true;
        }
        if (m_keys.empty())
            return fail(ErrorKind::NotFound, "vault.key_missing", describe() + " holds no key yet");
        std::vector<MasterKey> copies;
        for (const MasterKey& key : m_keys) copies.push_back(key.clone());
        return copies;
    }
    std::string describe() const override { return "the terminal's key store"; }

private:
    Result<void> takeGreeting()
    {
        m_socket.allow(kGreetsWithin);
        const auto greeting = m_socket.readLine();
        if (!greeting) return tl::unexpected(greeting.error());
        if (*greeting != kGreeting)
            return m_socket.broken("speaks otherwise: expected \"" + std::string(kGreeting) +
                                   "\" (hand plain keys over by a pipe)");
        const auto line = m_socket.readLine();
        if (!line) return tl::unexpected(line.error());
        const auto told = restBehind("keys", *line);
        const auto size = told ? wholeNumber<std::size_t>(*told) : std::nullopt;
        if (!size || *size > kKeyTextBytesMax) return m_socket.broken("tells no size of keys");
        if (*size == 0) return {};
        const auto text = m_socket.readText(*size);
        if (!text) return tl::unexpected(text.error());
        auto keys = parseMasterKeys(text->revealForUse());
        if (!keys) {
            keys.error().detail = describe() + ": " + keys.error().detail;
            return tl::unexpected(keys.error());
        }
        m_keys = std::move(*keys);
        return {};
    }

    Result<void> store(const std::vector<MasterKey>& keys) override
    {
        m_socket.allow(m_answersWithin);
        const runtime::Secret text = formatMasterKeys(keys);
        ++m_requests;
        const auto head = fmt::format("store {} {}\n", m_requests, text.revealForUse().size());
        if (auto sent = m_socket.send(head); !sent) return sent;
        if (auto sent = m_socket.send(text.revealForUse()); !sent) {
            m_socket.hangUp(); // half a text cannot be taken back
            return sent;
        }
        if (auto answered = awaitAnswer(); !answered) return answered;
        m_keys.clear();
        for (const MasterKey& key : keys) m_keys.push_back(key.clone());
        return {};
    }

    Result<void> awaitAnswer()
    {
        for (;;) {
            const auto line = m_socket.readLine();
            if (!line) return tl::unexpected(line.error());
            const auto stored = restBehind("stored", *line), refused = restBehind("refused", *line);
            const auto answer = stored ? *stored : refused.value_or(std::string_view());
            const auto number = wholeNumber<std::uint64_t>(answer.substr(0, answer.find(' ')));
            if (!number || *number == 0 || *number > m_requests)
                return m_socket.broken("answers what it was not asked");
            if (*number < m_requests) continue;
            if (stored) return {};
            const auto why = answer.find(' ');
            return holderFails("refused another one: " + std::string(why == std::string_view::npos
                                                                         ? "it did not say why"
                                                                         : answer.substr(why + 1)));
        }
    }

    HolderSocket m_socket;
    const std::chrono::milliseconds m_answersWithin;
    std::uint64_t m_requests = 0;
    bool m_isGreeted = false;
    std::vector<MasterKey> m_keys; ///< what the holder has, as far as it has said so
};

} // namespace

std::unique_ptr<MasterKeys> keysHeldBehind(int socket, std::chrono::milliseconds answersWithin)
{
    return std::make_unique<HeldKeys>(socket, answersWithin);
}

} // namespace qd::vault
