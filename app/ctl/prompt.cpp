#include "app/ctl/prompt.h"

#include <cstdio>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "app/ctl/session.h"

namespace qd::ctl {
namespace {

constexpr std::size_t kLineMax = 4'096;

[[noreturn]] void giveUp(const std::string& why)
{
    std::fprintf(stderr, "quarterdeckctl: %s\n", why.c_str());
    throw Ended{kUsage};
}

/// One line, a byte at a time: what follows belongs to the next question.
bool readLineOf(int file, std::string& line)
{
    line.clear();
    for (char letter = 0; line.size() < kLineMax;) {
        if (::read(file, &letter, 1) != 1) return !line.empty();
        if (letter == '\n') return true;
        line += letter;
    }
    return true;
}

/// The user's terminal with its echo off, until it ends.
class QuietTerminal {
public:
    QuietTerminal() : m_file(::open("/dev/tty", O_RDWR | O_CLOEXEC))
    {
        if (m_file < 0 || ::tcgetattr(m_file, &m_before) != 0) return;
        termios quiet = m_before;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        m_isQuiet = ::tcsetattr(m_file, TCSAFLUSH, &quiet) == 0;
    }
    ~QuietTerminal()
    {
        if (m_isQuiet) ::tcsetattr(m_file, TCSAFLUSH, &m_before);
        if (m_file >= 0) ::close(m_file);
    }
    QuietTerminal(const QuietTerminal&) = delete;
    QuietTerminal& operator=(const QuietTerminal&) = delete;

    bool isThere() const { return m_isQuiet; }
    bool ask(const std::string& what, std::string& line) const
    {
        say(what + ": ");
        const bool read = readLineOf(m_file, line);
        say("\n");
        return read;
    }

private:
    void say(const std::string& text) const
    {
        if (::write(m_file, text.data(), text.size()) < 0) return; // the answer is what counts
    }
    int m_file;
    bool m_isQuiet = false;
    termios m_before{};
};

} // namespace

runtime::Secret Prompt::ask(const std::string& what)
{
    std::string line;
    if (descriptor >= 0) {
        if (!readLineOf(descriptor, line)) giveUp("no line left on --password-fd for: " + what);
        return runtime::Secret(std::move(line));
    }
    const QuietTerminal terminal;
    if (!terminal.isThere())
        giveUp("there is no terminal to ask on (" + what + "); hand it over with --password-fd");
    if (!terminal.ask(what, line)) giveUp("nothing was typed");
    return runtime::Secret(std::move(line));
}

runtime::Secret Prompt::askNew(const std::string& what)
{
    auto first = ask(what);
    if (descriptor >= 0) return first;
    const auto second = ask("The same again");
    if (!first.matches(second.revealForUse())) giveUp("the two are not the same; nothing was done");
    return first;
}

} // namespace qd::ctl
