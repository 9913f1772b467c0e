// A broker's consent through the real programs: backend, authorization server, and the loopback that
// a browser comes back to. The browser is a plain HTTP client that follows where it is sent.
#include <algorithm>

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/consent_flow.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;

class ConsentLiveTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aBrokerIsConnectedThroughTheBrowserAndRevoked()
    {
        if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        const QTemporaryDir folder;
        EmbeddedBackend embedded(
            embeddedIn(folder, {QStringLiteral("--oauth-asks"), QStringLiteral("false")}));
        NetSession session({});
        QObject context;
        embedded.start();
        QVERIFY(QTest::qWaitFor([&] { return embedded.isReady(); }, kWithin));
        session.setServer(std::move(*embedded.address()));

        ConnectionsApi api(session);
        const auto offered = answerOf<std::vector<OfferedBroker>>(
            [&](auto reply) { api.offered(&context, reply); });
        QVERIFY2(offered, offered ? "" : offered.error().code.c_str());
        const auto alpaca = std::find_if(
            offered->begin(), offered->end(), [](const OfferedBroker& one) {
                return one.broker.text() == "alpaca" && one.method == LinkMethod::OAuth;
            });
        QVERIFY(alpaca != offered->end());
        QVERIFY(alpaca->isConfigured);

        QNetworkAccessManager browser;
        browser.setRedirectPolicy(QNetworkRequest::NoLessSafeRedirectPolicy);
        QByteArray page;
        ConsentFlow flow(session, [&](const QUrl& url) {
            auto* reply = browser.get(QNetworkRequest(url));
            connect(reply, &QNetworkReply::finished, &context, [reply, &page] {
                page = reply->readAll();
                reply->deleteLater();
            });
            return true;
        });
        flow.start(*alpaca);
        QVERIFY2(QTest::qWaitFor([&] { return flow.stage() == ConsentFlow::Stage::Done ||
                                              flow.stage() == ConsentFlow::Stage::Failed; },
                                 kWithin),
                 "the consent came to no end");
        QVERIFY2(flow.stage() == ConsentFlow::Stage::Done, flow.problem().detail.c_str());
        QTRY_VERIFY_WITH_TIMEOUT(page.contains("close this window"), kWithin);

        const auto connections = answerOf<std::vector<ConnectionFacts>>(
            [&](auto reply) { api.list(&context, reply); });
        QVERIFY(connections);
        QCOMPARE(connections->size(), std::size_t(1));
        QVERIFY(connections->front().link.status == LinkStatus::Connected);
        QVERIFY(!connections->front().needsUser);

        const auto ended = answerOf<EndedFacts>(
            [&](auto reply) { api.end(BrokerId("alpaca"), &context, reply); });
        QVERIFY2(ended, ended ? "" : ended.error().code.c_str());
        QVERIFY(QTest::qWaitFor(
            [&] {
                const auto left = answerOf<std::vector<ConnectionFacts>>(
                    [&](auto reply) { api.list(&context, reply); });
                return left && left->empty(); // the broker confirmed
            },
            kWithin));
    }
};

QD_QT_SUITE(ConsentLiveTest)
#include "consent_live_test.moc"
