// People at the command line, against real programs: the first account, signing in, roles, mails.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "services/identity/encoding.h"
#include "services/identity/totp.h"
#include "tests/functional/one_world.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPassword = "seven quiet lanterns drift";

class PeopleAtTheCommandLine : public OneWorld<PeopleAtTheCommandLine> {
protected:
    /// `typed`: what is read from descriptor 0, a line each.
    static Said say(std::vector<std::string> words, const std::string& typed = {})
    {
        const auto lines = (s_folder->path() / "typed").string();
        std::ofstream(lines) << typed;
        std::vector<std::string> arguments{"-c", "exec \"$@\" < '" + lines + "'", "sh",
                                           s_stage->programs().ctl, "--data-dir",
                                           s_stage->dataDirectory()};
        if (!typed.empty()) arguments.insert(arguments.end(), {"--password-fd", "0"});
        arguments.insert(arguments.end(), words.begin(), words.end());
        return ended(*s_stage->run(nextName(), "/bin/sh", arguments,
                                   {"XDG_CONFIG_HOME=" + (s_folder->path() / "config").string()}));
    }
    static std::string line(const std::string& text) { return text + "\n"; }
    static void makeFirstAccount()
    {
        if (s_stage->get("/v1/users")["users"].size() == 0) // run without the story that makes it
            say({"user", "add", "owner@example.org", "--role", "admin"}, line(kPassword));
    }
    /// The code of the newest mail, once it is to this address.
    static std::string mailedTo(std::string_view address)
    {
        std::string code;
        s_stage->await("the mail in the mailbox", 20s, [&] {
            const auto mails = s_stage->get("/v1/mailbox");
            const std::string words(mails["messages"].at(0)["text"].stringOr({}));
            const auto from = words.find("\n\n") + 2;
            if (mails["messages"].at(0)["to"].stringOr({}) != address) return false;
            code = words.substr(from, words.find('\n', from) - from);
            return true;
        });
        return code;
    }
    /// What stands behind this name in "name  value" lines.
    static std::string fact(const std::string& said, const std::string& name)
    {
        std::istringstream lines(said);
        for (std::string text; std::getline(lines, text);)
            if (text.starts_with(name + "  ")) return text.substr(text.find_last_of(' ') + 1);
        return {};
    }
};

TEST_F(PeopleAtTheCommandLine, FromTheFirstAccountToSigningOut)
{
    const auto first =
        say({"user", "add", "owner@example.org", "--role", "admin"}, line(kPassword));
    ASSERT_EQ(first.code, 0) << first.err;
    EXPECT_NE(first.out.find("admin"), std::string::npos) << first.out;
    const auto in = say({"login", "owner@example.org", "--device", "test desk"}, line(kPassword));
    ASSERT_EQ(in.code, 0) << in.err;
    const auto file = s_folder->path() / "config/quarterdeck/logins.json";
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    const auto who = say({"whoami"});
    EXPECT_NE(who.out.find("owner@example.org"), std::string::npos) << who.out << who.err;
    EXPECT_NE(who.out.find("test desk"), std::string::npos) << who.out;

    const auto unproved = say({"user", "add", "ben@example.org", "--invite", "--role", "viewer"});
    EXPECT_EQ(unproved.code, 2) << "it asks for the password again, and there is no terminal";
    const auto invited =
        say({"user", "add", "ben@example.org", "--invite", "--role", "viewer"}, line(kPassword));
    EXPECT_EQ(invited.code, 0) << invited.err;
    const auto roles = say({"user", "roles", "ben@example.org", "--grant", "trader"});
    EXPECT_EQ(roles.code, 0) << roles.err << "for five minutes it is proved";
    EXPECT_NE(roles.out.find("viewer, trader"), std::string::npos) << roles.out;
    EXPECT_NE(say({"user", "list"}).out.find("ben@example.org"), std::string::npos);
    EXPECT_NE(say({"user", "sessions"}).out.find("this one"), std::string::npos);
    const auto hidden = say({"mailbox"});
    EXPECT_EQ(hidden.code, 1);
    EXPECT_NE(hidden.err.find("auth.owner_only"), std::string::npos) << hidden.err;
    EXPECT_EQ(say({"user", "disable", "ben@example.org"}).code, 0);
    EXPECT_NE(say({"user", "show", "ben@example.org"}).out.find("disabled"), std::string::npos);

    EXPECT_EQ(say({"logout"}).code, 0);
    const auto owner = say({"whoami"});
    EXPECT_NE(owner.out.find("by the token file"), std::string::npos) << owner.out;
    const auto left = json::Document::parse(test::readFile(file));
    ASSERT_TRUE(left);
    const auto login = (*left)["logins"].at(0);
    EXPECT_EQ(login["accessToken"].stringOr("?"), "");
    EXPECT_EQ(login["refreshToken"].stringOr("?"), "");
    EXPECT_NE(login["deviceKey"].stringOr(""), "") << "it spares the next sign-in waits and puzzles";
}

TEST_F(PeopleAtTheCommandLine, AMailsCodeSetsAPassword)
{
    makeFirstAccount();
    ASSERT_EQ(say({"user", "add", "cat@example.org", "--invite"}).code, 0);
    const auto code = mailedTo("cat@example.org");
    EXPECT_NE(say({"mailbox"}).out.find(code), std::string::npos);
    const auto weak = say({"user", "password", "--with-code"}, line(code) + line("password1234"));
    EXPECT_EQ(weak.code, 1);
    EXPECT_NE(weak.err.find("common"), std::string::npos) << weak.err;
    EXPECT_EQ(say({"user", "password", "--with-code"}, line(code) + line(kPassword)).code, 0);
    EXPECT_EQ(say({"login", "cat@example.org"}, line(kPassword)).code, 0);
    const auto denied = say({"order", "list"});
    EXPECT_EQ(denied.code, 1) << "no role was given";
    EXPECT_NE(denied.err.find("auth.role"), std::string::npos) << denied.err;
    EXPECT_EQ(say({"logout"}).code, 0);
}

/// The squares of a QR code in a terminal, as a picture: two of them a character.
std::string pictureOf(const std::string& said)
{
    constexpr int kScale = 4;
    std::vector<std::string> rows;
    std::istringstream lines(said);
    for (std::string text; std::getline(lines, text);) {
        if (!text.starts_with("\033[40;97m")) continue;
        std::string upper, lower;
        const std::string_view squares = std::string_view(text).substr(8);
        for (std::size_t at = 0; at < squares.size() && squares[at] != '\033';) {
            const bool isBlank = squares[at] == ' ';
            const auto block = squares.substr(at, isBlank ? 1 : 3);
            for (int i = 0; i < kScale; ++i) {
                upper += block == "█" || block == "▀" ? "0 " : "1 ";
                lower += block == "█" || block == "▄" ? "0 " : "1 ";
            }
            at += block.size();
        }
        for (const auto& row : {upper, lower}) rows.insert(rows.end(), kScale, row + "\n");
    }
    std::string picture = "P1\n" + std::to_string(rows.empty() ? 0 : rows.front().size() / 2) + " " +
                          std::to_string(rows.size()) + "\n";
    for (const auto& row : rows) picture += row;
    return picture;
}

TEST_F(PeopleAtTheCommandLine, WhoSignsUpProvesTheAddressAndTakesASecondFactor)
{
    makeFirstAccount();
    const auto weak = say({"user", "sign-up", "dora@example.org"}, line("password1234"));
    EXPECT_EQ(weak.code, 1);
    EXPECT_NE(weak.err.find("common"), std::string::npos) << weak.err;
    ASSERT_EQ(say({"user", "sign-up", "dora@example.org", "--name", "Dora"}, line(kPassword)).code, 0);
    const auto code = mailedTo("dora@example.org");
    EXPECT_EQ(say({"user", "verify"}, line("no such code")).code, 1);
    EXPECT_EQ(say({"login", "dora@example.org"}, line(kPassword)).code, 1) << "not verified yet";
    const auto verified = say({"user", "verify"}, line(code));
    ASSERT_EQ(verified.code, 0) << verified.err;
    ASSERT_EQ(say({"login", "dora@example.org"}, line(kPassword)).code, 0);

    const auto enrolled = say({"user", "second-factor", "enrol", "--qr"}, line(kPassword));
    ASSERT_EQ(enrolled.code, 0) << enrolled.err;
    const auto uri = fact(enrolled.out, "for the authenticator");
    EXPECT_TRUE(uri.starts_with("otpauth://totp/")) << enrolled.out;
    if (std::system("command -v zbarimg >/dev/null 2>&1") == 0) {
        const auto picture = s_folder->write("code.pbm", pictureOf(enrolled.out));
        const auto read = (*s_folder / "read.txt").string();
        const auto command = "zbarimg -q --raw '" + picture + "' > '" + read + "' 2>/dev/null";
        EXPECT_EQ(std::system(command.c_str()), 0);
        EXPECT_EQ(test::readFile(read), uri + "\n");
    }
    EXPECT_EQ(say({"user", "second-factor", "confirm"}, line("12345")).code, 1);
    const auto seed = identity::fromBase32(fact(enrolled.out, "or typed"));
    ASSERT_TRUE(seed) << enrolled.out;
    const auto step = identity::totpStepAt(runtime::systemClock().now());
    const auto confirmed =
        say({"user", "second-factor", "confirm"}, line(identity::totpCode(*seed, step)));
    ASSERT_EQ(confirmed.code, 0) << confirmed.err;
    EXPECT_EQ(std::ranges::count(confirmed.out, '-'), 3 * identity::kRecoveryCodes) << confirmed.out;
    const auto factor = [] { return fact(say({"--token-file", s_stage->dataDirectory() + "/owner.token",
                                              "user", "show", "dora@example.org"}).out,
                                         "second factor"); };
    EXPECT_EQ(factor(), "totp");
    const auto removed = say({"user", "second-factor", "remove"});
    EXPECT_EQ(removed.code, 0) << removed.err;
    EXPECT_EQ(factor(), "none");
    EXPECT_EQ(say({"logout"}).code, 0);
}

TEST_F(PeopleAtTheCommandLine, AProgramsTokenServesForWhatItNames)
{
    const auto issued = say({"token", "issue", "backup-job", "--role", "viewer"});
    ASSERT_EQ(issued.code, 0) << issued.err;
    const auto file = (s_folder->path() / "program.token").string();
    std::ofstream(file) << issued.out;
    EXPECT_EQ(say({"--token-file", file, "position", "list"}).code, 0);
    const auto denied = say({"--token-file", file, "backup", "program.db"});
    EXPECT_EQ(denied.code, 1);
    EXPECT_NE(denied.err.find("auth.role"), std::string::npos) << denied.err;
    EXPECT_EQ(say({"token", "rotate"}).code, 0);
}

TEST_F(PeopleAtTheCommandLine, AWrongPasswordIsRefusedAndNothingIsKept)
{
    const auto wrong = say({"login", "nobody@example.org"}, line("not the password"));
    EXPECT_EQ(wrong.code, 1);
    EXPECT_NE(wrong.err.find("identity.wrong_credentials"), std::string::npos) << wrong.err;
    EXPECT_NE(say({"whoami"}).out.find("by the token file"), std::string::npos);
}

} // namespace
} // namespace qd::drills
