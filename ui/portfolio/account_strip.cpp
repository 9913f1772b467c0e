#include "ui/portfolio/account_strip.h"

#include <QHBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kSpacing = 22;

} // namespace

AccountStrip::AccountStrip(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_net(new FigureLabel(theme, tr("Net liquidation"), this)),
      m_power(new FigureLabel(theme, tr("Buying power"), this)),
      m_day(new FigureLabel(theme, tr("Day P&L"), this)),
      m_risk(new FigureLabel(theme, tr("Open risk"), this))
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kSpacing);
    for (FigureLabel* figure : {m_net, m_power, m_day, m_risk}) row->addWidget(figure);
    connect(&desk.account(), &AccountStore::accountChanged, this, &AccountStrip::refresh);
    connect(&desk.status(), &StatusStore::linkChanged, this, &AccountStrip::refresh);
    refresh();
}

void AccountStrip::refresh()
{
    const auto& account = m_desk.account().account();
    if (!account) return;
    const bool offline = !m_desk.status().isOnline();
    const auto tone = [&](Tone wanted) { return offline ? Tone::Caption : wanted; };
    m_net->show(format::money(account->snapshot.equity), tone(Tone::Normal));
    m_power->show(format::money(account->snapshot.buyingPower), tone(Tone::Normal));
    const Tone day = account->dayProfit.isNegative()   ? Tone::Down
                     : account->dayProfit.isPositive() ? Tone::Up
                                                       : Tone::Muted;
    m_day->show(format::signedMoney(account->dayProfit) + QStringLiteral("  ") +
                    format::percent(account->dayProfitPercent),
                tone(day));
    m_risk->show(format::money(account->openRisk), tone(Tone::Down));
    Q_EMIT widthChanged();
}

int AccountStrip::fitTo(int width)
{
    int used = 0;
    for (FigureLabel* figure : {m_day, m_net, m_power, m_risk}) {
        const int wanted = figure->sizeHint().width() + (used > 0 ? kSpacing : 0);
        const bool fits = used + wanted <= width;
        figure->setVisible(fits);
        if (fits) used += wanted;
    }
    return used;
}

} // namespace qd::ui
