#include "ui/connections/consent_panel.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kAddressMax = 2'000;

} // namespace

using Stage = client::ConsentFlow::Stage;

ConsentPanel::ConsentPanel(const Theme& theme, client::ConsentFlow& flow,
                           const runtime::Clock& clock, QWidget* parent)
    : QWidget(parent), m_flow(flow), m_clock(clock),
      m_title(new TextLabel(theme, TypeSize::Action, TypeWeight::SemiBold, Tone::Normal, this)),
      m_text(new TextLabel(theme, TypeSize::Body, TypeWeight::Regular, Tone::Muted, this)),
      m_left(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Accent, this)),
      m_address(new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this)),
      m_paste(new Field(theme, tr("Address that the browser ended at"),
                        QStringLiteral("consentPaste"), this)),
      m_open(makeButton(tr("Open the browser again"), QStringLiteral("consentOpen"), {}, this)),
      m_use(makeButton(tr("Use this address"), QStringLiteral("consentUse"), "primary", this)),
      m_retry(makeButton(tr("Retry"), QStringLiteral("consentRetry"), "primary", this)),
      m_again(makeButton(tr("Start again"), QStringLiteral("consentAgain"), {}, this)),
      m_cancel(makeButton(tr("Cancel"), QStringLiteral("consentCancel"), "quiet", this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    m_text->setWordWrap(true);
    m_address->setWordWrap(true);
    m_address->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_paste->edit().setAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_paste->edit().setMaxLength(kAddressMax * 2);
    for (QWidget* part : {static_cast<QWidget*>(m_title), static_cast<QWidget*>(m_text),
                          static_cast<QWidget*>(m_left), static_cast<QWidget*>(m_address),
                          static_cast<QWidget*>(m_paste), static_cast<QWidget*>(m_use),
                          static_cast<QWidget*>(m_retry), static_cast<QWidget*>(m_again),
                          static_cast<QWidget*>(m_open), static_cast<QWidget*>(m_cancel)}) {
        column->addWidget(part);
    }
    connect(m_open, &QPushButton::clicked, &flow, &client::ConsentFlow::openAgain);
    connect(m_use, &QPushButton::clicked, this, [this] { m_flow.paste(m_paste->text()); });
    connect(m_retry, &QPushButton::clicked, &flow, &client::ConsentFlow::retry);
    connect(m_again, &QPushButton::clicked, this, [this] {
        const client::OfferedBroker broker = m_flow.broker();
        m_flow.start(broker);
    });
    connect(m_cancel, &QPushButton::clicked, &flow, &client::ConsentFlow::cancel);
    connect(&flow, &client::ConsentFlow::stageChanged, this, &ConsentPanel::refresh);
    m_second.setInterval(1'000);
    connect(&m_second, &QTimer::timeout, this, &ConsentPanel::showText);
    refresh();
}

QString ConsentPanel::stageText() const
{
    switch (m_flow.stage()) {
    case Stage::Idle: return {};
    case Stage::Preparing: return tr("Asking the broker's address of the backend…");
    case Stage::InBrowser:
        if (!m_flow.hasBrowser()) return tr("No browser could be opened. Open this address:");
        return m_flow.mustPaste()
                   ? tr("Allow the access in the browser, then paste the address that it ends at.")
                   : tr("Allow the access in the browser. This goes on by itself when it comes "
                        "back.");
    case Stage::Finishing: return tr("The broker agreed. Fetching the access…");
    case Stage::Done: return tr("Connected.");
    case Stage::Failed: return failureText();
    }
    return {};
}

QString ConsentPanel::failureText() const
{
    const client::Problem& problem = m_flow.problem();
    if (problem.code == "oauth.expired")
        return tr("This took longer than 30 minutes and has expired. Start again.");
    if (problem.code == "oauth.refused") return tr("The broker says that it was not allowed.");
    if (problem.code == "oauth.exchange_failed")
        return tr("The broker did not hand the access over in time. Retry needs no new consent.");
    if (problem.code == "oauth.state")
        return tr("What came back does not belong to what was begun here. Nothing was exchanged.");
    if (problem.code == "client.offline" || problem.code == "client.deadline")
        return tr("The backend does not answer.");
    return format::plain(problem.detail.empty() ? problem.title : problem.detail, 240);
}

void ConsentPanel::showText()
{
    m_text->show(stageText());
    m_text->setTone(m_flow.stage() == Stage::Failed ? Tone::Crit
                    : m_flow.stage() == Stage::Done ? Tone::Up
                                                    : Tone::Muted);
    const Duration left = m_flow.expiresAt() - m_clock.now();
    const bool counts = m_flow.stage() == Stage::InBrowser && left > Duration{};
    m_left->setVisible(counts);
    if (counts) m_left->show(tr("Good for %1").arg(format::countdown(left)));
}

void ConsentPanel::refresh()
{
    const Stage stage = m_flow.stage();
    const bool isOut = stage == Stage::InBrowser;
    setVisible(stage != Stage::Idle);
    m_title->show(tr("Connecting to %1").arg(format::plain(m_flow.broker().name, 48)));
    m_address->setVisible(isOut && !m_flow.hasBrowser());
    m_address->show(m_flow.authorizeUrl().toString(QUrl::FullyEncoded).left(kAddressMax));
    m_paste->setVisible(isOut && (m_flow.mustPaste() || !m_flow.hasBrowser()));
    m_use->setVisible(!m_paste->isHidden());
    m_open->setVisible(isOut);
    m_retry->setVisible(m_flow.mayRetry());
    m_again->setVisible(stage == Stage::Failed);
    m_cancel->setVisible(m_flow.isUnderWay() || stage == Stage::Failed);
    m_cancel->setText(stage == Stage::Failed ? tr("Close") : tr("Cancel"));
    if (stage == Stage::Idle || stage == Stage::Done) m_paste->setText({});
    m_flow.isUnderWay() ? m_second.start() : m_second.stop();
    showText();
}

} // namespace qd::ui
