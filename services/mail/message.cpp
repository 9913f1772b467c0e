#include "services/mail/message.h"

#include <array>
#include <ctime>

namespace qd::mail {
namespace {

struct Words {
    const char* subject;
    const char* text; ///< before the token, if the kind carries one
    const char* after;
};

const Words& wordsOf(identity::MailKind kind)
{
    using identity::MailKind;
    static constexpr Words kVerify{
        "Verify your address for Quarterdeck",
        "Somebody, hopefully you, asked for a Quarterdeck account with this address.\n"
        "To show that it is yours, enter this code where you signed up:\n\n",
        "\n\nIt is good for 30 minutes and once. If it was not you, do nothing.\n"};
    static constexpr Words kReset{
        "Set your Quarterdeck password",
        "With this code you can set a new password for your Quarterdeck account:\n\n",
        "\n\nIt is good for 30 minutes and once; setting a password signs you out everywhere.\n"
        "If you did not ask for it, do nothing: the password stays as it is.\n"};
    static constexpr Words kRegistered{
        "You have a Quarterdeck account already",
        "Somebody signed up with this address, and there is an account with it.\n"
        "If it was you: sign in, or ask for a new password if you do not know yours.\n"
        "If it was not you, do nothing.\n",
        ""};
    static constexpr Words kChanged{
        "Your Quarterdeck password was changed",
        "The password of your Quarterdeck account was changed, and other devices were signed out.\n"
        "If it was not you: ask for a new password at once and tell an administrator.\n",
        ""};
    switch (kind) {
    case MailKind::VerifyEmail: return kVerify;
    case MailKind::ResetPassword: return kReset;
    case MailKind::AlreadyRegistered: return kRegistered;
    case MailKind::PasswordChanged: break;
    }
    return kChanged;
}

/// "Thu, 26 Nov 2026 13:03:19 +0000" (RFC 5322 §3.3), whatever the locale.
std::string dateText(Timestamp time)
{
    static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr std::int64_t kNanosASecond = 1'000'000'000;
    const std::time_t seconds = time.nanos() / kNanosASecond;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> clock{};
    std::strftime(clock.data(), clock.size(), " %Y %H:%M:%S +0000", &parts);
    return std::string(kDays[static_cast<std::size_t>(parts.tm_wday)]) + ", " +
           std::to_string(parts.tm_mday) + " " + kMonths[static_cast<std::size_t>(parts.tm_mon)] +
           clock.data();
}

} // namespace

Message compose(const identity::Mail& mail)
{
    const Words& words = wordsOf(mail.kind);
    std::string text = words.text;
    text += mail.token.revealForUse();
    text += words.after;
    return {mail.id, mail.kind, mail.to, words.subject, runtime::Secret(std::move(text)),
            mail.createdAt};
}

runtime::Secret toWire(const Message& message, const EmailAddress& from)
{
    std::string wire = "Date: " + dateText(message.createdAt) + "\r\nFrom: Quarterdeck <" +
                       from.text() + ">\r\nTo: <" + message.to.text() +
                       ">\r\nSubject: " + message.subject + "\r\nMessage-ID: <" + message.id + "@" +
                       std::string(from.domain()) +
                       ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                       "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
    for (const char letter : message.text.revealForUse()) {
        if (letter == '\n') wire += '\r';
        wire += letter;
    }
    return runtime::Secret(std::move(wire));
}

} // namespace qd::mail
