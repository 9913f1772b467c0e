#include "ui/shell/halt_dialog.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/field.h"
#include "ui/widgets/format.h"

namespace qd::ui {

HaltDialog::HaltDialog(Desk& desk, const Theme& theme, QWidget* parent)
    : QDialog(parent), m_desk(desk), m_reason(new QLineEdit(this)),
      m_message(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Crit, this))
{
    const bool halted = desk.trading().isHalted();
    setObjectName(QStringLiteral("haltDialog"));
    setWindowTitle(halted ? tr("Resume trading?") : tr("Halt all trading?"));
    setMinimumWidth(440);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(10);
    auto* title = new TextLabel(theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, this);
    title->show(windowTitle());
    auto* text = new TextLabel(theme, TypeSize::Body, TypeWeight::Regular, Tone::Muted, this);
    text->setWordWrap(true);
    text->show(halted ? tr("Orders may go out again. Reason of the halt: %1")
                            .arg(format::plain(desk.trading().trading().reason, 120))
                      : tr("No order goes out until trading is resumed. %n open order(s) can be "
                           "cancelled at the same time. Positions stay as they are.",
                           nullptr, desk.orders().openCount()));
    m_reason->setObjectName(QStringLiteral("haltReason"));
    m_reason->setAccessibleName(tr("Reason"));
    m_reason->setPlaceholderText(halted ? tr("Why is it safe to resume?") : tr("Reason (optional)"));
    m_reason->setMaxLength(120);
    column->addWidget(title);
    column->addWidget(text);
    column->addWidget(m_reason);
    column->addWidget(m_message);
    auto* row = new QHBoxLayout;
    row->addStretch(1);
    QPushButton* back = makeButton(tr("Go back"), QStringLiteral("haltBack"), {}, this);
    row->addWidget(back);
    connect(back, &QPushButton::clicked, this, &QDialog::reject);
    if (halted) {
        QPushButton* resume = makeButton(tr("Resume trading"), QStringLiteral("haltResume"), "buy",
                                         this);
        resume->setEnabled(false);
        connect(m_reason, &QLineEdit::textChanged, resume, [resume](const QString& reason) {
            resume->setEnabled(!reason.trimmed().isEmpty());
        });
        connect(resume, &QPushButton::clicked, this,
                [this] { act(client::TradingState::Active, false); });
        row->addWidget(resume);
    } else {
        QPushButton* halt = makeButton(tr("Halt only"), QStringLiteral("haltOnly"), "halt", this);
        QPushButton* all =
            makeButton(tr("HALT and cancel all"), QStringLiteral("haltAndCancel"), "danger", this);
        connect(halt, &QPushButton::clicked, this,
                [this] { act(client::TradingState::Halted, false); });
        connect(all, &QPushButton::clicked, this, [this] { act(client::TradingState::Halted, true); });
        row->addWidget(halt);
        row->addWidget(all);
        all->setDefault(true);
        all->setFocus();
    }
    column->addLayout(row);
}

void HaltDialog::act(client::TradingState state, bool cancelOrders)
{
    QString reason = m_reason->text().trimmed();
    if (reason.isEmpty()) reason = tr("halted from the terminal");
    m_message->show(tr("Asking the backend…"));
    m_desk.session().setTrading(
        state, reason.toStdString(), this, [this, cancelOrders](client::Answer<client::TradingFacts> answer) {
            if (!answer) {
                m_message->show(tr("NOT DONE: %1").arg(format::plain(answer.error().detail, 160)));
                return;
            }
            if (!cancelOrders) return accept();
            m_desk.session().cancelAll({}, this, [this](client::Answer<int> canceled) {
                if (canceled) return accept();
                m_message->show(tr("Trading is halted, but orders were NOT cancelled: %1")
                                    .arg(format::plain(canceled.error().detail, 160)));
            });
        });
}

} // namespace qd::ui
