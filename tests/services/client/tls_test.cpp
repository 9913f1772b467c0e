#include <atomic>
#include <thread>

#include <QTest>

#include "services/client/net_session.h"
#include "services/wire/network.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"
#include "tests/support/certificate.h"
#include "tests/support/temp_dir.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;

namespace {

/// Cancels two orders whatever it is asked, and takes every stream.
class Backend final : public wire::Service {
public:
    void handle(wire::HttpRequest, Respond respond) override
    {
        ++requests;
        respond({200, {}, R"({"requested":["a","b"]})"});
    }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest&) override
    {
        ++streams;
        wire::WebSocketEvents events;
        events.onOpen = [](const std::shared_ptr<wire::WebSocket>&) {};
        events.onMessage = [](const wire::WebSocketMessage&) {};
        events.onClosed = [](const wire::CloseReason&) {};
        return events;
    }
    std::atomic<int> requests{0}, streams{0};
};

/// A server on another machine, as far as anybody can tell: with a certificate of its own.
struct Remote {
    Remote()
    {
        wire::ServerOptions options;
        options.certificateFile = right.certificateFile;
        options.keyFile = right.keyFile;
        server = std::move(*wire::makeServer(network, *executor, backend, options));
    }
    ~Remote() { network.stop(); }
    QUrl url() const { return QUrl(QStringLiteral("https://127.0.0.1:%1").arg(server->port())); }

    qd::test::TempDir folder;
    qd::test::Certificate right{folder.path(), "right", "IP:127.0.0.1"};
    qd::test::Certificate other{folder.path(), "other", "IP:127.0.0.1"};
    wire::Network network;
    std::unique_ptr<runtime::Executor> executor = network.makeExecutor();
    Backend backend;
    std::unique_ptr<wire::Server> server;
};

/// What is tried though the stream is not live.
std::optional<Answer<int>> cancelAll(NetSession& session)
{
    QObject owner;
    std::optional<Answer<int>> kept;
    session.cancelAll({}, &owner, [&](Answer<int> answer) { kept = std::move(answer); });
    (void)QTest::qWaitFor([&] { return kept.has_value(); }, kWithin);
    return kept;
}

} // namespace

class TlsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void requestsAndTheStreamReachAServerWhoseAuthorityIsTrusted()
    {
        Remote remote;
        NetSession session({remote.url(), runtime::Secret("secret-token"),
                            QString::fromStdString(remote.right.certificateFile)});
        session.start();
        const auto answer = cancelAll(session);
        QVERIFY(answer && *answer);
        QCOMPARE(**answer, 2);
        QVERIFY(QTest::qWaitFor([&] { return remote.backend.streams > 0; }, kWithin));
    }

    void nothingIsSaidToAServerOfAnotherAuthority_data()
    {
        QTest::addColumn<QString>("file");
        QTest::newRow("another certificate") << QStringLiteral("other");
        QTest::newRow("no such file") << QStringLiteral("none");
        QTest::newRow("the machine's authorities") << QString();
    }
    void nothingIsSaidToAServerOfAnotherAuthority()
    {
        QFETCH(QString, file);
        Remote remote;
        const QString other = QString::fromStdString(remote.other.certificateFile);
        const QString caFile = file == QLatin1String("other") ? other
                               : file.isEmpty()               ? file
                                                              : other + QStringLiteral(".missing");
        NetSession session({remote.url(), runtime::Secret("secret-token"), caFile});
        bool isTold = false;
        QObject::connect(&session, &Session::linkChanged, &session, [&](const LinkFacts& facts) {
            isTold = isTold || facts.detail.find("certificate") != std::string::npos;
        });
        session.start();
        const auto answer = cancelAll(session);
        QVERIFY(answer && !*answer && !answer->error().outcomeUnknown);
        QVERIFY(QTest::qWaitFor([&] { return isTold; }, kWithin));
        QCOMPARE(int(remote.backend.requests), 0);
        QCOMPARE(int(remote.backend.streams), 0);
    }
};

QD_QT_SUITE(TlsTest)
#include "tls_test.moc"
