#pragma once

#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QProcess>
#include <QSignalSpy>
#include <QTest>

namespace qd::qtest {

constexpr int kProgramWithin = 60'000; ///< ms; a limit, not a wait

/// One of the real programs, from the build's bin/; it ends with this object.
class Program {
public:
    ~Program()
    {
        m_process.kill();
        m_process.waitForFinished();
    }
    /// What its ready line says. Without one the test program ends, with the program's complaint.
    QJsonObject start(const char* name, const QStringList& arguments)
    {
        m_process.start(QStringLiteral(QD_BINARY_DIR "/bin/") + QLatin1String(name), arguments);
        QByteArray line;
        const bool isReady = QTest::qWaitFor(
            [&] {
                line += m_process.readAllStandardOutput();
                return line.contains('\n') || m_process.state() == QProcess::NotRunning;
            },
            kProgramWithin);
        if (!isReady || !line.contains('\n')) qFatal("%s", m_process.readAllStandardError().data());
        return QJsonDocument::fromJson(line).object();
    }

private:
    QProcess m_process;
};

/// Asks a program's drill controls with this body of JSON; true if they did it.
inline bool post(const QString& url, const QByteArray& body)
{
    QNetworkAccessManager network;
    QNetworkRequest request{QUrl(url)};
    request.setHeader(QNetworkRequest::ContentTypeHeader, QStringLiteral("application/json"));
    auto* reply = network.post(request, body);
    QSignalSpy done(reply, &QNetworkReply::finished);
    return done.wait(kProgramWithin) && reply->error() == QNetworkReply::NoError;
}

} // namespace qd::qtest
