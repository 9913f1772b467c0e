#include "ui/people/card.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

namespace qd::ui {

namespace {

constexpr int kTextMax = 254;
constexpr int kPasswordMax = 1'024;
constexpr int kLinkInset = 9; ///< padding and border of a quiet button
constexpr int kBusyMs = 40, kBusySteps = 40;

} // namespace

BusyLine::BusyLine(const Theme& theme, QWidget* parent) : QWidget(parent), m_theme(theme)
{
    setFixedHeight(2);
    m_tick.setInterval(kBusyMs);
    connect(&m_tick, &QTimer::timeout, this, [this] {
        m_step = (m_step + 1) % kBusySteps;
        update();
    });
}

void BusyLine::setBusy(bool isBusy)
{
    isBusy ? m_tick.start() : m_tick.stop();
    update();
}

void BusyLine::paintEvent(QPaintEvent*)
{
    if (!isBusy()) return;
    QPainter painter(this);
    painter.fillRect(rect(), m_theme.colors().bg4);
    const int part = width() / 4;
    painter.fillRect((width() + part) * m_step / kBusySteps - part, 0, part, height(),
                     m_theme.colors().accent);
}

Card::Card(const Theme& theme, const QString& title, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_column(new QVBoxLayout(this))
{
    m_column->setContentsMargins(24, 20, 24, 18);
    m_column->setSpacing(8);
    auto* heading = new TextLabel(theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, this);
    heading->show(title);
    m_column->addWidget(heading);
    setAccessibleName(title);
    m_second.setInterval(1'000);
    connect(&m_second, &QTimer::timeout, this, &Card::countDown);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

TextLabel& Card::addText(const QString& text, Tone tone)
{
    auto* label = new TextLabel(m_theme, TypeSize::Body, TypeWeight::Regular, tone, this);
    label->setWordWrap(true);
    label->show(text);
    m_column->addWidget(label);
    return *label;
}

Field& Card::addField(const QString& caption, const QString& objectName)
{
    auto* field = new Field(m_theme, caption, objectName, this);
    field->edit().setAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    field->edit().setMaxLength(kTextMax);
    connect(&field->edit(), &QLineEdit::returnPressed, this, [this] {
        if (m_action && m_action->isEnabled()) m_action->click();
    });
    m_column->addWidget(field);
    return *field;
}

Field& Card::addPassword(const QString& caption, const QString& objectName)
{
    Field& field = addField(caption, objectName);
    field.edit().setEchoMode(QLineEdit::Password);
    field.edit().setMaxLength(kPasswordMax);
    field.edit().setInputMethodHints(Qt::ImhHiddenText | Qt::ImhSensitiveData |
                                     Qt::ImhNoAutoUppercase | Qt::ImhNoPredictiveText);
    field.edit().installEventFilter(this);
    return field;
}

/// Qt does not tell the state of Caps Lock; the letters that come with and without Shift do.
bool Card::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const QString text = key->text();
        auto* field = qobject_cast<Field*>(watched->parent());
        if (field && text.size() == 1 && text[0].isLetter()) {
            const bool isShifted = key->modifiers().testFlag(Qt::ShiftModifier);
            const bool isCapsOn = text[0].isUpper() != isShifted;
            field->showNote(isCapsOn ? tr("▲  Caps Lock is on") : QString());
        } else if (field && key->key() == Qt::Key_CapsLock) {
            field->showNote({});
        }
    }
    return QWidget::eventFilter(watched, event);
}

void Card::addWidget(QWidget* widget, Qt::Alignment alignment)
{
    m_column->addWidget(widget, 0, alignment);
}

QPushButton& Card::addAction(const QString& text, const QString& objectName)
{
    m_message = new TextLabel(m_theme, TypeSize::Body, TypeWeight::Medium, Tone::Crit, this);
    m_message->setObjectName(objectName + QStringLiteral("Message"));
    m_message->setWordWrap(true);
    m_message->setMinimumHeight(34);
    m_message->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_column->addStretch(1); // in a place that is too high for the card, texts stay together
    m_column->addWidget(m_message);
    m_busy = new BusyLine(m_theme, this);
    m_column->addWidget(m_busy);
    m_actionText = text;
    m_action = makeButton(text, objectName, "primary", this);
    m_column->addWidget(m_action);
    return *m_action;
}

QPushButton& Card::addLink(const QString& text, const QString& objectName)
{
    if (!m_links) {
        m_links = new QHBoxLayout;
        m_links->setSpacing(4);
        m_links->addSpacing(-kLinkInset); // their words stand below the other words
        m_links->addStretch(1);
        m_column->addLayout(m_links);
    }
    QPushButton* link = makeButton(text, objectName, "quiet", this);
    m_links->insertWidget(m_links->count() - 1, link);
    return *link;
}

void Card::say(const QString& text, Tone tone)
{
    if (!m_message) return;
    m_message->setTone(tone);
    m_message->show(text);
}

QString Card::said() const
{
    return m_message ? m_message->text() : QString();
}

void Card::setBusy(bool isBusy)
{
    if (!m_busy) return;
    m_busy->setBusy(isBusy);
    m_action->setEnabled(!isBusy && !isWaiting());
}

void Card::wait(Duration howLong)
{
    m_waitLeft = std::chrono::ceil<std::chrono::seconds>(howLong).count() + 1;
    m_second.start();
    countDown();
}

void Card::countDown()
{
    if (--m_waitLeft > 0) {
        m_action->setEnabled(false);
        m_action->setText(tr("Again in %1 s").arg(m_waitLeft));
        return;
    }
    m_waitLeft = 0;
    m_second.stop();
    m_action->setText(m_actionText);
    m_action->setEnabled(!m_busy->isBusy());
}

void Card::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setPen(m_theme.colors().line);
    painter.setBrush(m_theme.colors().bg1);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), metric::kRadius + 1,
                            metric::kRadius + 1);
}

runtime::Secret takeSecret(Field& field)
{
    runtime::Secret secret(field.edit().text().toStdString());
    field.edit().clear();
    return secret;
}

QWidget* centred(QWidget* card, QWidget* parent)
{
    auto* page = new QWidget(parent);
    auto* column = new QVBoxLayout(page);
    column->addStretch(2);
    column->addWidget(card, 0, Qt::AlignHCenter);
    column->addStretch(3);
    return page;
}

} // namespace qd::ui
