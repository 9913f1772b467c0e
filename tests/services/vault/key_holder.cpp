#include "tests/services/vault/key_holder.h"

#include <array>
#include <sstream>

#include <sys/socket.h>
#include <unistd.h>

#include "services/vault/held_keys.h"

namespace qd::vault::test {

KeyHolder::~KeyHolder()
{
    end();
}

void KeyHolder::end()
{
    if (m_socket >= 0) ::shutdown(m_socket, SHUT_RDWR);
    if (m_thread.joinable()) m_thread.join();
    if (m_socket >= 0) ::close(m_socket);
    m_socket = -1;
}

std::unique_ptr<MasterKeys> KeyHolder::connect(std::chrono::milliseconds answersWithin)
{
    end();
    std::array<int, 2> ends{};
    QD_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    m_socket = ends[0];
    m_late.clear();
    const std::string text = held();
    const std::string greeting =
        "quarterdeck-key-holder v1\nkeys " + std::to_string(text.size()) + "\n" + text;
    QD_ASSERT(::send(m_socket, greeting.data(), greeting.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(greeting.size()));
    m_thread = std::thread([this, socket = m_socket] { serve(socket); });
    return keysHeldBehind(ends[1], answersWithin);
}

std::string KeyHolder::held() const
{
    const std::lock_guard lock(m_mutex);
    return m_held;
}

std::vector<std::string> KeyHolder::ids() const
{
    std::vector<std::string> ids;
    if (const auto keys = parseMasterKeys(held()))
        for (const MasterKey& key : *keys) ids.push_back(key.id);
    return ids;
}

void KeyHolder::serve(int socket)
{
    std::string read;
    std::array<char, 8192> bytes{};
    for (;;) {
        const auto count = ::recv(socket, bytes.data(), bytes.size(), 0);
        if (count <= 0) return;
        read.append(bytes.data(), static_cast<std::size_t>(count));
        while (takeRequest(socket, read)) {}
    }
}

bool KeyHolder::takeRequest(int socket, std::string& read)
{
    const auto line = read.find('\n');
    if (line == std::string::npos) return false;
    std::istringstream words(read.substr(0, line));
    std::string store, number;
    std::size_t size = 0;
    words >> store >> number >> size;
    if (read.size() < line + 1 + size) return false;
    const std::string answer = answerTo(number, read.substr(line + 1, size));
    read.erase(0, line + 1 + size);
    if (m_manner == Manner::HangsUp)
        ::shutdown(socket, SHUT_RDWR);
    else
        ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    return true;
}

std::string KeyHolder::answerTo(const std::string& number, std::string text)
{
    if (m_manner == Manner::Refuses)
        return std::exchange(m_late, {}) + "refused " + number + " the keyring is locked\n";
    if (m_manner == Manner::Babbles) return "hello\n";
    if (m_manner == Manner::Swallows || m_manner == Manner::HangsUp) return {};
    {
        const std::lock_guard lock(m_mutex);
        m_held = std::move(text);
    }
    ++m_stored;
    m_late += "stored " + number + "\n";
    return m_manner == Manner::AnswersLate ? std::string() : std::exchange(m_late, {});
}

} // namespace qd::vault::test
