// People at the command line, against real programs: the first account, signing in, roles, mails.
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include <gtest/gtest.h>

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
    if (s_stage->get("/v1/users")["users"].size() == 0) // run without the story above
        say({"user", "add", "owner@example.org", "--role", "admin"}, line(kPassword));
    ASSERT_EQ(say({"user", "add", "cat@example.org", "--invite"}).code, 0);
    std::string code;
    s_stage->await("the mail in the mailbox", 20s, [&] {
        const auto mails = s_stage->get("/v1/mailbox");
        const std::string words(mails["messages"].at(0)["text"].stringOr({}));
        const auto from = words.find("\n\n") + 2;
        if (mails["messages"].at(0)["to"].stringOr({}) != "cat@example.org") return false;
        code = words.substr(from, words.find('\n', from) - from);
        return true;
    });
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
