#include "tests/support/smtp_server.h"

#include <csignal>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/base/result.h"
#include "tests/support/certificate.h"

namespace qd::test {
namespace {

constexpr int kLookEveryMs = 20;
constexpr timeval kHandshakeMax{5, 0}; ///< and for the rest of a record that has begun

/// What stands between "<" and ">".
std::string addressIn(const std::string& command)
{
    const auto from = command.find('<'), to = command.find('>');
    return from == std::string::npos || to == std::string::npos
               ? std::string()
               : command.substr(from + 1, to - from - 1);
}

} // namespace

struct SmtpServer::Identity {
    explicit Identity(const Certificate& certificate) : context(SSL_CTX_new(TLS_server_method()))
    {
        QD_ASSERT(SSL_CTX_use_certificate_file(context, certificate.certificateFile.c_str(),
                                               SSL_FILETYPE_PEM) == 1);
        QD_ASSERT(SSL_CTX_use_PrivateKey_file(context, certificate.keyFile.c_str(),
                                              SSL_FILETYPE_PEM) == 1);
    }
    ~Identity() { SSL_CTX_free(context); }
    Identity(const Identity&) = delete;
    Identity& operator=(const Identity&) = delete;

    SSL_CTX* const context;
};

/// One client's connection, in the clear until `encrypt`.
class SmtpServer::Line {
public:
    explicit Line(int socket) : m_socket(socket)
    {
        ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kHandshakeMax, sizeof kHandshakeMax);
    }
    ~Line()
    {
        SSL_free(m_tls);
        ::close(m_socket);
    }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    bool encrypt(const Identity& identity)
    {
        unread.clear(); // what was said before must not count as said in secret
        m_tls = SSL_new(identity.context);
        SSL_set_fd(m_tls, m_socket);
        return SSL_accept(m_tls) == 1;
    }
    bool isSecret() const { return m_tls != nullptr; }
    /// Who does not listen any more will be found out at the next read.
    void say(std::string_view line)
    {
        const std::string text = std::string(line) + "\r\n";
        if (m_tls != nullptr)
            static_cast<void>(SSL_write(m_tls, text.data(), static_cast<int>(text.size())));
        else
            static_cast<void>(::send(m_socket, text.data(), text.size(), MSG_NOSIGNAL));
    }
    /// Something to read within the time between two looks; < 0: never again.
    int wait() const
    {
        if (m_tls != nullptr && SSL_pending(m_tls) > 0) return 1;
        pollfd wait{m_socket, POLLIN, 0};
        return ::poll(&wait, 1, kLookEveryMs);
    }
    /// False when the client is gone.
    bool read()
    {
        char buffer[4096];
        const auto got = m_tls != nullptr ? SSL_read(m_tls, buffer, sizeof buffer)
                                          : ::recv(m_socket, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        unread.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    std::string unread;

private:
    const int m_socket;
    SSL* m_tls = nullptr;
};

SmtpServer::SmtpServer() : SmtpServer(Secrecy::None, nullptr) {}

SmtpServer::SmtpServer(Secrecy secrecy, const Certificate& certificate)
    : SmtpServer(secrecy, std::make_unique<Identity>(certificate))
{
}

SmtpServer::SmtpServer(Secrecy secrecy, std::unique_ptr<Identity> identity)
    : m_secrecy(secrecy), m_identity(std::move(identity)),
      m_listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
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
    return (m_secrecy == Secrecy::Always ? "smtps://127.0.0.1:" : "smtp://127.0.0.1:") +
           std::to_string(m_port);
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

std::vector<std::string> SmtpServer::commandsInTheClear() const
{
    const std::lock_guard lock(m_mutex);
    return m_inTheClear;
}

void SmtpServer::serve()
{
    // OpenSSL writes without MSG_NOSIGNAL, and clients leave when they please.
    sigset_t broken;
    ::sigemptyset(&broken);
    ::sigaddset(&broken, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken, nullptr);
    while (!m_isOver) {
        pollfd wait{m_listener, POLLIN, 0};
        if (::poll(&wait, 1, kLookEveryMs) <= 0) continue;
        const int socket = ::accept(m_listener, nullptr, nullptr);
        if (socket < 0) continue;
        Line client(socket);
        talk(client);
    }
}

bool SmtpServer::readLine(Line& client, std::string& line)
{
    for (;;) {
        if (const auto end = client.unread.find("\r\n"); end != std::string::npos) {
            line = client.unread.substr(0, end);
            client.unread.erase(0, end + 2);
            return true;
        }
        const int ready = client.wait();
        if (m_isOver || ready < 0) return false;
        if (ready > 0 && !client.read()) return false;
    }
}

void SmtpServer::note(const Line& client, const std::string& command)
{
    const std::lock_guard lock(m_mutex);
    m_commands.push_back(command);
    if (!client.isSecret()) m_inTheClear.push_back(command);
}

bool SmtpServer::encrypt(Line& client)
{
    if (!client.encrypt(*m_identity)) return false;
    ++m_handshakes;
    return true;
}

void SmtpServer::talk(Line& client)
{
    std::string line;
    if (mood == Mood::SaysNothing) {
        readLine(client, line); // until the client has had enough
        return;
    }
    if (m_secrecy == Secrecy::Always && !encrypt(client)) return;
    if (mood == Mood::IsBusy) return client.say("421 too busy, come back");
    client.say("220 test");
    converse(client);
}

void SmtpServer::converse(Line& client)
{
    const bool offersTls = m_secrecy == Secrecy::StartTls;
    std::string line;
    Received mail;
    while (readLine(client, line)) {
        note(client, line);
        if (line.starts_with("QUIT")) return client.say("221 bye");
        if (line.starts_with("DATA")) {
            takeText(client, std::exchange(mail, {}));
        } else if (line.starts_with("AUTH")) {
            takeSignIn(client, line);
        } else if (line.starts_with("STARTTLS") && offersTls && !client.isSecret()) {
            client.say("220 go on");
            if (!encrypt(client)) return;
        } else {
            client.say(answerTo(client, line, mail));
        }
    }
}

std::string SmtpServer::answerTo(const Line& client, const std::string& command,
                                 Received& mail) const
{
    if (command.starts_with("EHLO")) {
        if (client.isSecret()) return "250-test\r\n250 AUTH PLAIN";
        return m_secrecy == Secrecy::StartTls ? "250-test\r\n250 STARTTLS" : "250 test";
    }
    if (command.starts_with("HELO")) return "250 test";
    if (command.starts_with("MAIL")) {
        mail = {addressIn(command), {}, {}};
        return "250 ok";
    }
    if (command.starts_with("RCPT")) {
        mail.to = addressIn(command);
        return mood == Mood::RefusesRecipient ? "550 no such user" : "250 ok";
    }
    return "502 no";
}

void SmtpServer::takeSignIn(Line& client, std::string command)
{
    const bool isWhole = command.find(' ') != command.rfind(' '); // the words came along
    if (!isWhole) {
        client.say("334 ");
        if (!readLine(client, command)) return;
        note(client, command);
    }
    client.say("235 welcome");
}

void SmtpServer::takeText(Line& client, Received mail)
{
    std::string line;
    client.say("354 go on");
    while (readLine(client, line) && line != ".") mail.text += line + "\r\n";
    {
        const std::lock_guard lock(m_mutex);
        m_received.push_back(std::move(mail));
    }
    client.say("250 taken");
}

} // namespace qd::test
