// Mails over a real socket to a small mail server.
#include "services/mail/smtp_mailer.h"

#include <future>

#include <gtest/gtest.h>

#include "tests/support/captured_log.h"
#include "tests/support/certificate.h"
#include "tests/support/smtp_server.h"
#include "tests/support/temp_dir.h"

namespace qd::mail {
namespace {

using namespace std::chrono_literals;
using Mood = test::SmtpServer::Mood;

constexpr const char* kToken = "planted-token-of-the-mail";

class Smtp : public ::testing::Test {
protected:
    SmtpSettings settings() { return settings(server); }
    static SmtpSettings settings(const test::SmtpServer& of)
    {
        auto parsed = parseServer(of.url());
        EXPECT_TRUE(parsed);
        parsed->from = EmailAddress::parse("quarterdeck@example.org").value();
        parsed->deadline = 5s;
        return std::move(*parsed);
    }
    static identity::Mail mail()
    {
        identity::Mail mail;
        mail.id = "6e1a8c1e-6a0a-4f0e-9d36-0f3f6f1f0001";
        mail.kind = identity::MailKind::ResetPassword;
        mail.to = EmailAddress::parse("ann@example.org").value();
        mail.token = runtime::Secret(kToken);
        mail.createdAt = Timestamp::of("2026-01-05T09:03:07Z");
        return mail;
    }
    Result<void> send(SmtpSettings with)
    {
        std::promise<Result<void>> done;
        runtime::runAndWait(core, [&] {
            mailer = std::make_unique<SmtpMailer>(
                std::move(with), core, jobs, observability::Logger(log, core.clock(), "mail"));
            mailer->send(mail(), [&](Result<void> result) { done.set_value(std::move(result)); });
        });
        auto result = done.get_future().get();
        runtime::runAndWait(core, [&] { mailer.reset(); });
        return result;
    }

    test::CapturedLog log;
    test::SmtpServer server;
    runtime::ThreadExecutor core{"core"}, jobs{"jobs"};
    std::unique_ptr<SmtpMailer> mailer;
};

TEST_F(Smtp, AMailArrivesWholeAndOnce)
{
    const auto sent = send(settings());
    ASSERT_TRUE(sent) << describe(sent.error());
    const auto received = server.received();
    ASSERT_EQ(received.size(), 1U);
    const auto& got = received.front();
    EXPECT_EQ(got.from, "quarterdeck@example.org");
    EXPECT_EQ(got.to, "ann@example.org");
    for (const char* line :
         {"Date: Mon, 5 Jan 2026 09:03:07 +0000\r\n", "From: Quarterdeck <quarterdeck@example.org>\r\n",
          "To: <ann@example.org>\r\n", "Subject: Set your Quarterdeck password\r\n",
          "Message-ID: <6e1a8c1e-6a0a-4f0e-9d36-0f3f6f1f0001@example.org>\r\n"})
        EXPECT_NE(got.text.find(line), std::string::npos) << line << "in\n" << got.text;
    EXPECT_NE(got.text.find(std::string("\r\n") + kToken + "\r\n"), std::string::npos);
}

TEST_F(Smtp, WhatIsRefusedOrNotAnsweredIsToldAndTriedOnce)
{
    for (const Mood mood : {Mood::RefusesRecipient, Mood::IsBusy, Mood::SaysNothing}) {
        server.mood = mood;
        auto impatient = settings();
        impatient.deadline = 500ms;
        const auto sent = send(std::move(impatient));
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().kind, ErrorKind::Unavailable);
        EXPECT_EQ(sent.error().code, "mail.not_sent");
    }
    EXPECT_TRUE(server.received().empty());
}

TEST_F(Smtp, NeitherTextNorAddressIsLogged)
{
    server.mood = Mood::RefusesRecipient;
    ASSERT_FALSE(send(settings()));
    ASSERT_FALSE(log.lines().empty()) << "nothing was logged at all";
    for (const auto& line : log.lines()) {
        EXPECT_EQ(line.find(kToken), std::string::npos) << line;
        EXPECT_EQ(line.find("ann@example.org"), std::string::npos) << line;
    }
}

TEST_F(Smtp, WhereItMustBeSecretNothingIsSaidInTheClear)
{
    auto secret = settings();
    secret.mustEncrypt = true; // as for any server that is not on this machine
    const auto sent = send(std::move(secret));
    EXPECT_FALSE(sent) << "the server offers no TLS";
    EXPECT_TRUE(server.received().empty());
    for (const auto& command : server.commands())
        EXPECT_FALSE(command.starts_with("MAIL") || command.starts_with("AUTH")) << command;
}

TEST_F(Smtp, TheEndOfTheProgramDoesNotWaitForAServer)
{
    server.mood = Mood::SaysNothing;
    auto patient = settings();
    patient.deadline = 60s;
    runtime::runAndWait(core, [&] {
        mailer = std::make_unique<SmtpMailer>(std::move(patient), core, jobs,
                                              observability::Logger(log, core.clock(), "mail"));
        mailer->send(mail(), [](const Result<void>&) { ADD_FAILURE() << "answered after the end"; });
    });
    const auto before = runtime::systemClock().steady();
    runtime::runAndWait(core, [&] { mailer.reset(); });
    jobs.stop();
    EXPECT_LT(runtime::systemClock().steady() - before, Duration(10s));
}

using Secrecy = test::SmtpServer::Secrecy;

/// Servers with a certificate, spoken to as servers elsewhere are.
class SecretSmtp : public Smtp, public ::testing::WithParamInterface<Secrecy> {
protected:
    SmtpSettings trusting(const test::SmtpServer& of, const test::Certificate* authority) const
    {
        auto secret = settings(of);
        secret.mustEncrypt = true; // as for any server that is not on this machine
        secret.user = "mailer";
        secret.password = runtime::Secret("planted-password-of-the-mailer");
        if (authority != nullptr) secret.caFile = authority->certificateFile;
        return secret;
    }
    /// The mail did not go, and neither a name nor a password nor an address was said to anybody.
    void expectUnsaid(const test::SmtpServer& to, const test::Certificate* trusted)
    {
        const auto sent = send(trusting(to, trusted));
        ASSERT_FALSE(sent);
        EXPECT_EQ(sent.error().code, "mail.not_sent");
        EXPECT_NE(sent.error().detail.find("certificate"), std::string::npos) << sent.error().detail;
        EXPECT_TRUE(to.received().empty());
        for (const auto& command : to.commands())
            EXPECT_TRUE(command.starts_with("EHLO") || command == "STARTTLS") << command;
    }

    test::TempDir folder;
    test::Certificate right{folder.path(), "right", "IP:127.0.0.1"};
    test::Certificate stranger{folder.path(), "stranger", "IP:127.0.0.1"};
    test::Certificate misnamed{folder.path(), "misnamed", "DNS:mail.example.org"};
};

TEST_P(SecretSmtp, AMailAndThePasswordGoUnderTlsToAServerWhoseAuthorityIsTrusted)
{
    test::SmtpServer secret(GetParam(), right);
    const auto sent = send(trusting(secret, &right));
    ASSERT_TRUE(sent) << describe(sent.error());
    ASSERT_EQ(secret.received().size(), 1U);
    EXPECT_EQ(secret.received().front().to, "ann@example.org");
    EXPECT_NE(secret.received().front().text.find(kToken), std::string::npos);
    EXPECT_EQ(secret.handshakes(), 1);
    bool isSignedIn = false;
    for (const auto& command : secret.commands()) isSignedIn |= command.starts_with("AUTH");
    EXPECT_TRUE(isSignedIn);
    for (const auto& command : secret.commandsInTheClear())
        EXPECT_TRUE(GetParam() == Secrecy::StartTls &&
                    (command.starts_with("EHLO") || command == "STARTTLS"))
            << command;
}

TEST_P(SecretSmtp, ACertificateOfAStrangersAuthorityIsRefusedBeforeAnythingIsSaid)
{
    test::SmtpServer strangers(GetParam(), stranger);
    expectUnsaid(strangers, &right);
    expectUnsaid(strangers, nullptr); // the machine's authorities do not know it either
    EXPECT_EQ(strangers.handshakes(), 0);
}

TEST_P(SecretSmtp, ACertificateForAnotherServerIsRefusedThoughItsAuthorityIsTrusted)
{
    test::SmtpServer other(GetParam(), misnamed);
    expectUnsaid(other, &misnamed);
}

TEST_P(SecretSmtp, AServerThatSpeaksInTheClearIsRefused)
{
    auto wanted = trusting(server, &right); // the plain one
    if (GetParam() == Secrecy::Always) wanted.url.replace(0, 4, "smtps");
    ASSERT_FALSE(send(std::move(wanted)));
    EXPECT_TRUE(server.received().empty());
    for (const auto& command : server.commands())
        EXPECT_FALSE(command.starts_with("MAIL") || command.starts_with("AUTH")) << command;
}

INSTANTIATE_TEST_SUITE_P(Ways, SecretSmtp, ::testing::Values(Secrecy::StartTls, Secrecy::Always),
                         [](const auto& way) {
                             return way.param == Secrecy::StartTls ? "StartTls" : "Always";
                         });

TEST(SmtpServerAddress, IsSpokenToInSecretUnlessItIsOnThisMachine)
{
    struct Row {
        const char* url;
        bool mustEncrypt;
    };
    for (const Row& row : {Row{"smtp://mail.example.org:587", true}, Row{"smtps://127.0.0.1:465", true},
                           Row{"smtp://127.0.0.1:25", false}, Row{"smtp://localhost", false},
                           Row{"smtp://[::1]:25", false}, Row{"smtp://10.0.0.1:25", true},
                           Row{"smtp://127.example.org:25", true}}) {
        const auto parsed = parseServer(row.url);
        ASSERT_TRUE(parsed) << row.url;
        EXPECT_EQ(parsed->mustEncrypt, row.mustEncrypt) << row.url;
    }
    for (const char* url : {"http://mail.example.org", "mail.example.org", "smtp://user:pw@host", ""})
        EXPECT_FALSE(parseServer(url)) << url;
}

} // namespace
} // namespace qd::mail
