#include "ui/orders/preview_box.h"

#include <algorithm>

#include <QPainter>
#include <QVBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

PreviewBox::PreviewBox(const Theme& theme, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_notional(new ValueRow(theme, tr("Notional"), this)),
      m_position(new ValueRow(theme, tr("Position after"), this)),
      m_power(new ValueRow(theme, tr("Buying power after"), this)),
      m_fee(new ValueRow(theme, tr("Estimated fee"), this)),
      m_target(new ValueRow(theme, tr("At take profit"), this)),
      m_risk(new ValueRow(theme, tr("At stop loss"), this)),
      m_ratio(new ValueRow(theme, tr("Reward to risk"), this)),
      m_checks(new ValueRow(theme, tr("Pre-trade checks"), this)),
      m_note(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, this))
{
    setObjectName(QStringLiteral("ticketPreview"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(10, 8, 10, 8);
    column->setSpacing(2);
    for (ValueRow* row :
         {m_notional, m_position, m_power, m_fee, m_target, m_risk, m_ratio, m_checks}) {
        column->addWidget(row);
    }
    showExits({});
    m_note->setWordWrap(true);
    m_note->setMinimumHeight(16);
    column->addWidget(m_note);
    showNothing({});
}

void PreviewBox::showNothing(const QString& why)
{
    for (ValueRow* row : {m_notional, m_position, m_power, m_fee, m_checks}) {
        row->show(QStringLiteral("–"), Tone::Caption);
    }
    m_note->setTone(Tone::Muted);
    m_note->show(why);
}

void PreviewBox::showLoading()
{
    m_checks->show(tr("checking…"), Tone::Muted);
}

void PreviewBox::show(const client::OrderPreview& preview, const QString& positionNote)
{
    const Tone tone = m_stale ? Tone::Caption : Tone::Normal;
    m_notional->show(format::money(preview.notional) + QStringLiteral(" USD"), tone);
    m_position->show(positionNote, tone);
    m_power->show(format::money(preview.buyingPowerAfter),
                  preview.buyingPowerAfter.isNegative() ? Tone::Crit : tone);
    m_fee->show(format::money(preview.estimatedFee), tone);
    const auto passed = std::count_if(preview.checks.begin(), preview.checks.end(),
                                      [](const auto& check) { return check.passed; });
    const bool all = passed == std::ptrdiff_t(preview.checks.size());
    const auto refused = std::find_if(preview.checks.begin(), preview.checks.end(),
                                      [](const auto& check) { return !check.passed && !check.asks; });
    const auto asks = std::find_if(preview.checks.begin(), preview.checks.end(),
                                   [](const auto& check) { return !check.passed && check.asks; });
    const bool refuses = refused != preview.checks.end();
    const QString mark = all ? QStringLiteral("✓ ") : refuses ? QStringLiteral("✗ ")
                                                              : QStringLiteral("? ");
    m_checks->show(mark + tr("%1 of %2 passed").arg(passed).arg(preview.checks.size()),
                   m_stale ? Tone::Caption : all ? Tone::Up : refuses ? Tone::Crit : Tone::Warn);
    m_note->setTone(refuses ? Tone::Crit : Tone::Warn);
    if (refuses) {
        m_note->show(format::plain(refused->title + ": " + refused->detail, 160));
    } else if (asks != preview.checks.end()) {
        m_note->show(tr("Will ask: %1").arg(format::plain(asks->detail, 160)));
    } else {
        m_note->show({});
    }
}

void PreviewBox::showExits(const ExitPlan& plan)
{
    const auto show = [](ValueRow& row, const std::optional<ExitFigures>& exit) {
        row.setVisible(exit.has_value());
        if (!exit) return;
        const Tone tone = exit->result.isNegative()   ? Tone::Down
                          : exit->result.isPositive() ? Tone::Up
                                                      : Tone::Caption;
        row.show(exit->result.isZero() ? QStringLiteral("–") : format::signedMoney(exit->result),
                 tone);
    };
    show(*m_target, plan.profit);
    show(*m_risk, plan.loss);
    m_ratio->setVisible(plan.rewardPerRisk.has_value());
    if (plan.rewardPerRisk) {
        m_ratio->show(format::number(*plan.rewardPerRisk, 2) + QStringLiteral(" : 1"));
    }
}

void PreviewBox::showProblem(const QString& text)
{
    showNothing({});
    m_note->setTone(Tone::Crit);
    m_note->show(text);
}

void PreviewBox::setStale(bool stale)
{
    if (stale == m_stale) return;
    m_stale = stale;
    if (stale) {
        for (ValueRow* row : {m_notional, m_position, m_power, m_fee}) {
            row->show(row->value(), Tone::Caption);
        }
        m_checks->show(tr("not current"), Tone::Warn);
    }
    update();
}

void PreviewBox::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.setPen(colors.line);
    painter.setBrush(colors.bg2);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
    if (m_stale) paintStaleHatch(painter, rect(), colors, 0.08);
}

} // namespace qd::ui
