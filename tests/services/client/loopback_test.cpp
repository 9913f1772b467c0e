#include <QSignalSpy>
#include <QTcpSocket>
#include <QTest>

#include "services/client/loopback_listener.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;
using namespace std::chrono_literals;

namespace {

const QString kGood =
    QStringLiteral("/callback?state=abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE&code=x%2Fy");

/// What a browser gets for one request.
QByteArray ask(const QUrl& at, const QByteArray& request, const QHostAddress& host)
{
    QTcpSocket socket;
    socket.connectToHost(host, quint16(at.port()));
    QByteArray answer;
    QObject::connect(&socket, &QTcpSocket::readyRead, &socket,
                     [&] { answer += socket.readAll(); });
    QObject::connect(&socket, &QTcpSocket::connected, &socket, [&] { socket.write(request); });
    (void)QTest::qWaitFor(
        [&] {
            return socket.state() == QAbstractSocket::UnconnectedState &&
                   (!answer.isEmpty() || socket.error() != QAbstractSocket::UnknownSocketError);
        },
        kWithin);
    return answer;
}

QByteArray get(const QUrl& at, const QString& target, const char* verb = "GET",
               QByteArray host = {})
{
    if (host.isEmpty()) host = "127.0.0.1:" + QByteArray::number(at.port());
    return ask(at,
               QByteArray(verb) + ' ' + target.toLatin1() + " HTTP/1.1\r\nHost: " + host +
                   "\r\n\r\n",
               QHostAddress::LocalHost);
}

} // namespace

/// The door that a browser comes back through: one answer, from this machine, and nothing else.
class LoopbackTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void oneAnswerIsTakenWholeAndTheDoorIsShut()
    {
        LoopbackListener listener;
        QSignalSpy arrived(&listener, &LoopbackListener::arrived);
        const auto at = listener.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        QCOMPARE(at->host(), QStringLiteral("127.0.0.1"));
        QVERIFY(at->port() > 0);
        const QByteArray page = get(*at, kGood);
        QVERIFY(page.startsWith("HTTP/1.1 200 "));
        QVERIFY(page.contains("close this window"));
        QVERIFY(!page.contains("abcdef")); // nothing of what came is told to the page
        QVERIFY(page.contains("no-referrer"));
        QVERIFY(page.contains("\r\nCache-Control: no-store\r\n"));
        QCOMPARE(arrived.count(), 1);
        QCOMPARE(arrived[0][0].toString(), kGood.mid(kGood.indexOf(u'?') + 1));
        QVERIFY(!listener.isListening());
        QVERIFY(get(*at, kGood).isEmpty());
        QCOMPARE(arrived.count(), 1);
    }

    void aBrowserThatComesBySixIsTakenToo()
    {
        LoopbackListener listener;
        QSignalSpy arrived(&listener, &LoopbackListener::arrived);
        const auto at = listener.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        const auto port = QByteArray::number(at->port());
        const QByteArray request =
            "GET " + kGood.toLatin1() + " HTTP/1.1\r\nHost: [::1]:" + port + "\r\n\r\n";
        const QByteArray page = ask(*at, request, QHostAddress::LocalHostIPv6);
        if (page.isEmpty()) QSKIP("this machine has no ::1");
        QVERIFY(page.startsWith("HTTP/1.1 200 "));
        QVERIFY(page.contains("\r\nCache-Control: no-store\r\n"));
        QCOMPARE(arrived.count(), 1);
        QVERIFY(!listener.isListening());
    }

    void whatIsNoAnswerIsRefusedAndTheWaitGoesOn_data()
    {
        QTest::addColumn<QByteArray>("verb");
        QTest::addColumn<QString>("target");
        QTest::addColumn<QByteArray>("host");
        QTest::addColumn<QByteArray>("status");
        const QString state = QStringLiteral("state=abcdefghijklmnopqrstuvwxyz");
        QTest::newRow("another path") << QByteArray("GET") << QStringLiteral("/favicon.ico")
                                      << QByteArray() << QByteArray("404");
        QTest::newRow("no state") << QByteArray("GET") << QStringLiteral("/callback?code=1")
                                  << QByteArray() << QByteArray("400");
        QTest::newRow("a state that is none")
            << QByteArray("GET") << QStringLiteral("/callback?state=a%20b&code=1") << QByteArray()
            << QByteArray("400");
        QTest::newRow("two states") << QByteArray("GET")
                                    << QStringLiteral("/callback?code=1&") + state + u'&' + state
                                    << QByteArray() << QByteArray("400");
        QTest::newRow("neither code nor error") << QByteArray("GET")
                                                << QStringLiteral("/callback?") + state
                                                << QByteArray() << QByteArray("400");
        QTest::newRow("code and error") << QByteArray("GET")
                                        << QStringLiteral("/callback?code=1&error=no&") + state
                                        << QByteArray() << QByteArray("400");
        QTest::newRow("posted") << QByteArray("POST") << kGood << QByteArray() << QByteArray("405");
        QTest::newRow("another name for this machine")
            << QByteArray("GET") << kGood << QByteArray("evil.example:80") << QByteArray("403");
    }
    void whatIsNoAnswerIsRefusedAndTheWaitGoesOn()
    {
        QFETCH(QByteArray, verb);
        QFETCH(QString, target);
        QFETCH(QByteArray, host);
        QFETCH(QByteArray, status);
        LoopbackListener listener;
        QSignalSpy arrived(&listener, &LoopbackListener::arrived);
        const auto at = listener.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        QCOMPARE(get(*at, target, verb.constData(), host).mid(9, 3), status);
        QCOMPARE(arrived.count(), 0);
        QVERIFY(listener.isListening());
        QVERIFY(get(*at, kGood).startsWith("HTTP/1.1 200 "));
        QCOMPARE(arrived.count(), 1);
    }

    void aRefusalOfTheBrokerIsAnAnswerToo()
    {
        LoopbackListener listener;
        QSignalSpy arrived(&listener, &LoopbackListener::arrived);
        const auto at = listener.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        get(*at, QStringLiteral("/callback?error=access_denied&state=abcdefghijklmnopqrstuvwxyz"));
        QCOMPARE(arrived.count(), 1);
    }

    void itGivesUpInTimeAndCanBeCancelled()
    {
        LoopbackListener listener(LoopbackListener::Settings{.waitMax = 20ms});
        QSignalSpy gaveUp(&listener, &LoopbackListener::gaveUp);
        QVERIFY(listener.listen(QStringLiteral("/callback")));
        QVERIFY(gaveUp.wait(kWithin));
        QVERIFY(!listener.isListening());
        QVERIFY(listener.listen(QStringLiteral("/callback")));
        listener.cancel();
        QVERIFY(!listener.isListening());
        QCOMPARE(gaveUp.count(), 1);
    }

    void whoNeverFinishesTheirRequestIsHungUpOn()
    {
        LoopbackListener listener(
            LoopbackListener::Settings{.connectionMax = 700ms, .connectionsMax = 1});
        const auto at = listener.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        QTcpSocket slow;
        slow.connectToHost(QHostAddress::LocalHost, quint16(at->port()));
        QVERIFY(QTest::qWaitFor([&] { return slow.state() == QAbstractSocket::ConnectedState; },
                                kWithin));
        slow.write("GET /callback");
        QVERIFY(QTest::qWaitFor([&] { return slow.state() == QAbstractSocket::UnconnectedState; },
                                kWithin));
        // Its place is free again.
        QVERIFY(get(*at, kGood).startsWith("HTTP/1.1 200 "));
    }

    void aHeadWithoutAnEndIsRefused()
    {
        LoopbackListener listener(LoopbackListener::Settings{.headBytesMax = 512});
        const auto at = listener.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        const QByteArray answer =
            ask(*at, "GET /callback?" + QByteArray(2'000, 'x'), QHostAddress::LocalHost);
        QCOMPARE(answer.mid(9, 3), QByteArray("431"));
        QVERIFY(listener.isListening());
    }

    void tooManyWrongKnocksEndTheWait()
    {
        LoopbackListener listener(LoopbackListener::Settings{.refusalsMax = 3});
        QSignalSpy gaveUp(&listener, &LoopbackListener::gaveUp);
        const auto at = listener.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        for (int i = 0; i < 3; ++i) get(*at, QStringLiteral("/other"));
        QCOMPARE(gaveUp.count(), 1);
        QVERIFY(!listener.isListening());
    }

    void anotherHolderOfThePortIsSaid()
    {
        LoopbackListener first, second;
        const auto at = first.listen(QStringLiteral("/callback"));
        QVERIFY(at);
        const auto other = second.listen(QStringLiteral("/callback"), quint16(at->port()));
        QVERIFY(!other);
        QCOMPARE(other.error().code, std::string("client.loopback"));
    }
};

QD_QT_SUITE(LoopbackTest)
#include "loopback_test.moc"
