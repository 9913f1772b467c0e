#include "ui/orders/exits_box.h"

#include <algorithm>

#include <QGridLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr OrderClass kClasses[] = {OrderClass::Simple, OrderClass::Bracket, OrderClass::Oto,
                                   OrderClass::Oco};
constexpr ExitUnit kUnits[] = {ExitUnit::Price, ExitUnit::Percent, ExitUnit::Ticks};

QString figuresText(const ExitFigures& exit, int places)
{
    QString text;
    if (exit.isDistance) {
        text = QStringLiteral("= ") + format::number(exit.price.value(), places) +
               QStringLiteral("  ");
    }
    return text + format::percent(exit.percent);
}

} // namespace

ExitsBox::ExitsBox(const Theme& theme, QWidget* parent)
    : QWidget(parent),
      m_class(new Segment(theme,
                          {{tr("No exits"), QStringLiteral("ticketClass_simple"), tr("No exits")},
                           {tr("Bracket"), QStringLiteral("ticketClass_bracket"),
                            tr("Bracket: a target and a stop for this order")},
                           {tr("OTO"), QStringLiteral("ticketClass_oto"),
                            tr("One exit for this order")},
                           {tr("OCO"), QStringLiteral("ticketClass_oco"),
                            tr("A target and a stop for what is held")}},
                          this)),
      m_unit(new Segment(theme,
                         {{tr("Price"), QStringLiteral("exitUnit_price"), tr("Exits by price")},
                          {QStringLiteral("%"), QStringLiteral("exitUnit_percent"),
                           tr("Exits by percent from the entry")},
                          {tr("Ticks"), QStringLiteral("exitUnit_ticks"),
                           tr("Exits by ticks from the entry")}},
                         this)),
      m_panel(new QWidget(this)),
      m_problem(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Crit, this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(m_class);
    column->addWidget(m_panel);
    column->addWidget(m_problem);
    m_problem->setObjectName(QStringLiteral("exitsProblem"));
    m_problem->setWordWrap(true);
    m_problem->hide();

    m_profit = new Field(theme, tr("Take profit"), QStringLiteral("ticketTakeProfit"), m_panel);
    m_loss = new Field(theme, tr("Stop loss"), QStringLiteral("ticketStopLoss"), m_panel);
    m_lossLimit = new Field(theme, tr("Stop's limit (optional)"),
                            QStringLiteral("ticketStopLossLimit"), m_panel);
    m_fields = {m_profit, m_loss, m_lossLimit};
    auto* unitColumn = new QVBoxLayout;
    unitColumn->setSpacing(3);
    auto* caption = new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, m_panel);
    caption->show(tr("Exits in"));
    unitColumn->addWidget(caption);
    unitColumn->addWidget(m_unit);
    unitColumn->addStretch(1);
    auto* grid = new QGridLayout(m_panel);
    grid->setContentsMargins(0, 4, 0, 0);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(6);
    grid->addWidget(m_profit, 0, 0);
    grid->addWidget(m_loss, 0, 1);
    grid->addLayout(unitColumn, 1, 0);
    grid->addWidget(m_lossLimit, 1, 1);
    grid->setColumnStretch(0, 1);
    grid->setColumnStretch(1, 1);

    m_class->select(0);
    m_unit->select(0);
    connect(m_class, &Segment::picked, this, [this] {
        refreshVisible();
        Q_EMIT edited();
    });
    connect(m_unit, &Segment::picked, this, &ExitsBox::edited);
    for (Field* field : m_fields) {
        connect(field, &Field::edited, this, &ExitsBox::edited);
        connect(field, &Field::stepped, this,
                [this, field](int steps) { Q_EMIT stepped(field, steps); });
        connect(&field->edit(), &QLineEdit::returnPressed, this, &ExitsBox::submitted);
    }
    refreshVisible();
}

OrderClass ExitsBox::orderClass() const
{
    return kClasses[std::max(0, m_class->selected())];
}

void ExitsBox::setClass(OrderClass orderClass)
{
    m_class->select(int(std::find(std::begin(kClasses), std::end(kClasses), orderClass) -
                        std::begin(kClasses)));
    refreshVisible();
    Q_EMIT edited();
}

void ExitsBox::setUnit(ExitUnit unit)
{
    m_unit->select(int(std::find(std::begin(kUnits), std::end(kUnits), unit) - std::begin(kUnits)));
    Q_EMIT edited();
}

void ExitsBox::refreshVisible()
{
    m_panel->setVisible(orderClass() != OrderClass::Simple);
    showProblem({});
}

void ExitsBox::fill(TicketDraft& draft) const
{
    draft.orderClass = orderClass();
    draft.exitUnit = kUnits[std::max(0, m_unit->selected())];
    draft.takeProfit = m_profit->text();
    draft.stopLoss = m_loss->text();
    draft.stopLossLimit = m_lossLimit->text();
}

void ExitsBox::clear()
{
    for (Field* field : m_fields) field->setText({});
}

void ExitsBox::showPlan(const ExitPlan& plan, int places)
{
    m_profit->showNote(plan.profit ? figuresText(*plan.profit, places) : QString());
    m_loss->showNote(plan.loss ? figuresText(*plan.loss, places) : QString());
}

Field* ExitsBox::fieldOf(const std::string& name) const
{
    if (name == "takeProfit" || name == "takeProfit.limitPrice") return m_profit;
    if (name == "stopLoss" || name == "stopLoss.stopPrice") return m_loss;
    if (name == "stopLossLimit" || name == "stopLoss.limitPrice") return m_lossLimit;
    return nullptr;
}

bool ExitsBox::stepDistance(Field& field, int steps)
{
    const auto [number, suffix, unit] =
        splitExit(field.text(), kUnits[std::max(0, m_unit->selected())]);
    if (unit == ExitUnit::Price || &field == m_lossLimit) return false;
    const Decimal size = unit == ExitUnit::Percent ? Decimal::of("0.05") : Decimal::fromInt(1);
    const auto way = size.checkedMultiply(Decimal::fromInt(steps), Rounding::HalfEven);
    const auto moved = parseTyped(number).value_or(Decimal{}).checkedAdd(way.value_or(Decimal{}));
    if (moved && moved->isPositive()) {
        field.setText(QString::fromStdString(moved->toString()) + suffix);
        Q_EMIT edited();
    }
    return true;
}

void ExitsBox::showProblem(const QString& text)
{
    m_problem->show(text);
    m_problem->setVisible(!text.isEmpty());
}

} // namespace qd::ui
