#include "services/client/consent_flow.h"

#include "models/base/network_address.h"
#include "services/client/problem_json.h"

namespace qd::client {

namespace {

bool isLoopback(const QUrl& url)
{
    return url.scheme() == QLatin1String("http") && qd::isLoopback(url.host().toStdString());
}

/// A browser is sent to no other kind of address, whatever a backend says.
bool isWebAddress(const QUrl& url)
{
    return url.isValid() && !url.host().isEmpty() &&
           (url.scheme() == QLatin1String("https") || isLoopback(url));
}

} // namespace

ConsentFlow::ConsentFlow(Caller& caller, OpenBrowser openBrowser,
                         LoopbackListener::Settings settings, QObject* parent)
    : QObject(parent), m_api(caller), m_openBrowser(std::move(openBrowser)), m_listener(settings)
{
    connect(&m_listener, &LoopbackListener::arrived, this,
            [this](const QString& query) { finish(query.toStdString()); });
    connect(&m_listener, &LoopbackListener::gaveUp, this, [this](const QString& why) {
        Problem problem = noAnswer("client.no_consent", why.toStdString(), false);
        problem.mustRestart = true;
        fail(std::move(problem));
    });
}

void ConsentFlow::setStage(Stage stage)
{
    m_stage = stage;
    Q_EMIT stageChanged();
}

void ConsentFlow::fail(Problem problem)
{
    m_listener.cancel();
    m_problem = std::move(problem);
    setStage(Stage::Failed);
}

bool ConsentFlow::mayRetry() const
{
    const bool noAnswerCame = m_problem.status == 0;
    return m_stage == Stage::Failed && !m_query.empty() &&
           (m_problem.mayRepeat || (noAnswerCame && !m_problem.mustRestart));
}

void ConsentFlow::start(const OfferedBroker& broker)
{
    cancel();
    m_broker = broker;
    m_problem = {};
    m_query.clear();
    m_authorizeUrl.clear();
    const QUrl back(QString::fromStdString(broker.redirectUri));
    m_mustPaste = !isLoopback(back);
    int port = 0;
    if (!m_mustPaste) {
        const bool isFree = back.port() <= 0;
        const auto at = m_listener.listen(back.path().isEmpty() ? QStringLiteral("/") : back.path(),
                                          isFree ? quint16(0) : quint16(back.port()));
        if (!at && !isFree) m_mustPaste = true; // taken by another: the page fails, its address serves
        else if (!at) return fail(noAnswer(at.error().code, at.error().detail, false));
        else if (isFree) port = at->port();
    }
    setStage(Stage::Preparing);
    m_api.begin(broker.broker, broker.method, port, this,
                [this, number = m_number](const Answer<ConsentFacts>& consent) {
                    if (number == m_number) takeConsent(consent);
                });
}

void ConsentFlow::takeConsent(const Answer<ConsentFacts>& consent)
{
    if (!consent) return fail(consent.error());
    m_authorizeUrl = QUrl(QString::fromStdString(consent->authorizeUrl), QUrl::StrictMode);
    m_expiresAt = consent->expiresAt;
    if (!isWebAddress(m_authorizeUrl)) {
        return fail(noAnswer("client.unreadable", "the broker's address is none for a browser",
                             false));
    }
    m_hasBrowser = m_openBrowser(m_authorizeUrl);
    setStage(Stage::InBrowser);
}

void ConsentFlow::openAgain()
{
    if (m_stage != Stage::InBrowser) return;
    m_hasBrowser = m_openBrowser(m_authorizeUrl);
    Q_EMIT stageChanged();
}

void ConsentFlow::paste(const QString& address)
{
    if (m_stage != Stage::InBrowser || address.trimmed().isEmpty()) return;
    m_listener.cancel();
    finish(address.trimmed().toStdString());
}

void ConsentFlow::retry()
{
    if (mayRetry()) finish(m_query);
}

void ConsentFlow::finish(const std::string& query)
{
    m_query = query;
    setStage(Stage::Finishing);
    m_api.finish(m_broker.broker, query, this,
                 [this, number = m_number](const Answer<ConnectionFacts>& connection) {
                     if (number != m_number) return;
                     if (!connection) return fail(connection.error());
                     m_query.clear();
                     setStage(Stage::Done);
                     Q_EMIT connected(*connection);
                 });
}

void ConsentFlow::cancel()
{
    ++m_number;
    m_listener.cancel();
    m_query.clear();
    if (m_stage != Stage::Idle) setStage(Stage::Idle);
}

} // namespace qd::client
