#include "tests/support/smtp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/base/result.h"

namespace qd::test {
namespace {

constexpr int kLookEveryMs = 20;

void say(int client, std::string_view line)
{
    const std::string text = std::string(line) + "\r\n";
    // Who does not listen any more will be found out at the next read.
    static_cast<void>(::send(client, text.data(), text.size(), MSG_NOSIGNAL));
}

/// What stands between "<" and ">".
std::string addressIn(const std::string& command)
{
    const auto from = command.find('<'), to = command.find('>');
    return from == std::string::npos || to == std::string::npos
               ? std::string()
               : command.substr(from + 1, to - from - 1);
}

} // namespace

SmtpServer::SmtpServer() : m_listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    QD_ASSERT(::bind(m_listener, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    QD_ASSERT(::listen(m_listener, 8) == 0);
    QD_ASSERT(::getsockname(m_listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    m_port = ntohs(address.sin_port);
    m_thread = std::thread([this] { serve(); });
}

SmtpServer::~SmtpServer()
{
    m_isOver = true;
    m_thread.join();
    ::close(m_listener);
}

std::string SmtpServer::url() const
{
    return "smtp://127.0.0.1:" + std::to_string(m_port);
}

std::vector<SmtpServer::Received> SmtpServer::received() const
{
    const std::lock_guard lock(m_mutex);
    return m_received;
}

std::vector<std::string> SmtpServer::commands() const
{
    const std::lock_guard lock(m_mutex);
    return m_commands;
}

void SmtpServer::serve()
{
    while (!m_isOver) {
        pollfd wait{m_listener, POLLIN, 0};
        if (::poll(&wait, 1, kLookEveryMs) <= 0) continue;
        const int client = ::accept(m_listener, nullptr, nullptr);
        if (client < 0) continue;
        m_unread.clear();
        talk(client);
        ::close(client);
    }
}

bool SmtpServer::readLine(int client, std::string& line)
{
    for (;;) {
        if (const auto end = m_unread.find("\r\n"); end != std::string::npos) {
            line = m_unread.substr(0, end);
            m_unread.erase(0, end + 2);
            return true;
        }
        pollfd wait{client, POLLIN, 0};
        const int ready = ::poll(&wait, 1, kLookEveryMs);
        if (m_isOver || ready < 0) return false;
        if (ready == 0) continue;
        char buffer[4096];
        const auto got = ::recv(client, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        m_unread.append(buffer, static_cast<std::size_t>(got));
    }
}

void SmtpServer::talk(int client)
{
    std::string line;
    if (mood == Mood::IsBusy) return say(client, "421 too busy, come back");
    if (mood == Mood::SaysNothing) {
        readLine(client, line); // until the client has had enough
        return;
    }
    say(client, "220 test");
    Received mail;
    while (readLine(client, line)) {
        {
            const std::lock_guard lock(m_mutex);
            m_commands.push_back(line);
        }
        if (line.starts_with("MAIL")) {
            mail = {addressIn(line), {}, {}};
            say(client, "250 ok");
        } else if (line.starts_with("RCPT")) {
            mail.to = addressIn(line);
            say(client, mood == Mood::RefusesRecipient ? "550 no such user" : "250 ok");
        } else if (line.starts_with("DATA")) {
            say(client, "354 go on");
            while (readLine(client, line) && line != ".") mail.text += line + "\r\n";
            const std::lock_guard lock(m_mutex);
            m_received.push_back(mail);
            say(client, "250 taken");
        } else if (line.starts_with("QUIT")) {
            return say(client, "221 bye");
        } else {
            say(client, line.starts_with("HELO") || line.starts_with("EHLO") ? "250 test" : "502 no");
        }
    }
}

} // namespace qd::test
