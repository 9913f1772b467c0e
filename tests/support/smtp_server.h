#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qd::test {

struct Certificate;

/// A small mail server on 127.0.0.1 that says what it is told to say and keeps what it is given: in
/// the clear, with STARTTLS, or under TLS from the first byte. One connection after the other, on a
/// thread of its own.
class SmtpServer {
public:
    struct Received {
        std::string from, to;
        std::string text; ///< as it came, without the line that ends it
    };
    /// What the server does when its step comes; each is answered with the usual code otherwise.
    enum class Mood {
        Friendly,
        RefusesRecipient, ///< 550
        IsBusy,           ///< 421 at once
        SaysNothing,      ///< takes the connection, and that is all
    };
    /// How what is said is kept secret.
    enum class Secrecy { None, StartTls, Always };

    SmtpServer();
    SmtpServer(Secrecy secrecy, const Certificate& certificate);
    ~SmtpServer();
    SmtpServer(const SmtpServer&) = delete;
    SmtpServer& operator=(const SmtpServer&) = delete;

    std::string url() const; ///< "smtp://127.0.0.1:<port>", "smtps:…" where it is always secret
    std::vector<Received> received() const;
    /// Everything that clients said, a line each.
    std::vector<std::string> commands() const;
    /// Of these, what anybody on the way could read.
    std::vector<std::string> commandsInTheClear() const;
    int handshakes() const { return m_handshakes; } ///< of TLS, that both ends were content with
    std::atomic<Mood> mood = Mood::Friendly;

private:
    class Line;
    struct Identity;

    SmtpServer(Secrecy secrecy, std::unique_ptr<Identity> identity);
    void serve();
    void talk(Line& client);
    void converse(Line& client);
    bool encrypt(Line& client);
    void takeSignIn(Line& client, std::string command);
    void takeText(Line& client, Received mail);
    /// What a command is answered that needs no more than a word.
    std::string answerTo(const Line& client, const std::string& command, Received& mail) const;
    /// One line without its end; false when the client is gone.
    bool readLine(Line& client, std::string& line);
    void note(const Line& client, const std::string& command);

    const Secrecy m_secrecy = Secrecy::None;
    const std::unique_ptr<Identity> m_identity; ///< none where nothing is secret
    int m_listener = -1;
    std::uint16_t m_port = 0;
    std::atomic<bool> m_isOver = false;
    mutable std::mutex m_mutex;
    std::vector<Received> m_received;
    std::vector<std::string> m_commands, m_inTheClear;
    std::atomic<int> m_handshakes = 0;
    std::thread m_thread;
};

} // namespace qd::test
