#include "ui/widgets/plates.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/cell_delegate.h"
#include "ui/widgets/field.h"

namespace qd::ui {

StatePlate::StatePlate(const Theme& theme, QWidget* parent) : QWidget(parent), m_theme(theme)
{
    m_turn.setInterval(80);
    connect(&m_turn, &QTimer::timeout, this, [this] {
        m_angle = (m_angle + 30) % 360;
        update();
    });
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void StatePlate::present(const QString& title, const QString& hint, Tone tone, bool busy)
{
    m_title = title;
    m_hint = hint;
    m_tone = tone;
    m_busy = busy;
    setAccessibleName(title);
    setAccessibleDescription(hint);
    if (busy) m_turn.start();
    else m_turn.stop();
    update();
}

void StatePlate::showLoading(const QString& what)
{
    present(what, {}, Tone::Muted, true);
}

void StatePlate::showEmpty(const QString& title, const QString& hint)
{
    present(title, hint, Tone::Muted, false);
}

void StatePlate::showError(const QString& title, const QString& whatToDo)
{
    present(title, whatToDo, Tone::Crit, false);
}

void StatePlate::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.fillRect(rect(), colors.bg1);
    int y = height() / 2 - 16;
    if (m_busy) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(colors.bg4, 2));
        const QRect ring(width() / 2 - 10, y - 26, 20, 20);
        painter.drawEllipse(ring);
        painter.setPen(QPen(colors.accent, 2));
        painter.drawArc(ring, -m_angle * 16, 90 * 16);
    }
    painter.setFont(m_theme.font(TypeSize::Input, TypeWeight::SemiBold));
    painter.setPen(colorOf(m_tone, colors));
    painter.drawText(QRect(12, y, width() - 24, 20), Qt::AlignCenter, m_title);
    painter.setFont(m_theme.font(TypeSize::Small));
    painter.setPen(colors.text2);
    painter.drawText(QRect(12, y + 24, width() - 24, 36),
                     Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap, m_hint);
}

Banner::Banner(const Theme& theme, const QString& objectName, QWidget* parent)
    : QWidget(parent), m_theme(theme)
{
    setObjectName(objectName);
    setVisible(false);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Banner::show(const QString& text, Tone tone)
{
    if (text == m_text && tone == m_tone) return;
    m_text = text;
    m_tone = tone;
    setAccessibleName(text);
    setVisible(true);
    update();
}

void Banner::clear()
{
    if (m_text.isEmpty()) return;
    m_text.clear();
    setVisible(false);
}

void Banner::mousePressEvent(QMouseEvent*)
{
    Q_EMIT pressed();
}

void Banner::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    const bool critical = m_tone == Tone::Crit;
    painter.fillRect(rect(), critical ? colors.critBack : colors.warnBack);
    painter.fillRect(QRect(0, 0, 3, height()), critical ? colors.crit : colors.warn);
    painter.setFont(m_theme.font(TypeSize::Body, TypeWeight::SemiBold));
    painter.setPen(critical ? colors.critText : colors.warn);
    const QString mark = critical ? QStringLiteral("■  ") : QStringLiteral("▲  ");
    painter.drawText(rect().adjusted(12, 0, -12, 0), Qt::AlignCenter, mark + m_text);
}

namespace {

class Toast final : public QWidget {
public:
    Toast(const Theme& theme, const QString& title, const QString& text, Tone tone, QWidget* parent)
        : QWidget(parent), m_theme(theme), m_tone(tone)
    {
        auto* row = new QHBoxLayout(this);
        row->setContentsMargins(14, 8, 6, 8);
        auto* column = new QVBoxLayout;
        column->setSpacing(2);
        auto* heading = new TextLabel(theme, TypeSize::Body, TypeWeight::SemiBold, Tone::Normal,
                                      this);
        heading->show(title);
        auto* body = new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this);
        body->setWordWrap(true);
        body->show(text);
        body->setVisible(!text.isEmpty());
        column->addWidget(heading);
        column->addWidget(body);
        row->addLayout(column, 1);
        QPushButton* close = makeButton(QStringLiteral("×"), QStringLiteral("toastClose"), "quiet",
                                        this);
        close->setAccessibleName(ToastStack::tr("Close notification %1").arg(title));
        close->setFixedSize(22, 22);
        close->setFocusPolicy(Qt::NoFocus);
        row->addWidget(close, 0, Qt::AlignTop);
        connect(close, &QPushButton::clicked, this, &QWidget::deleteLater);
        setAccessibleName(title);
        setAccessibleDescription(text);
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const Palette& colors = m_theme.colors();
        painter.setPen(colors.line2);
        painter.setBrush(colors.bg3);
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
        painter.fillRect(QRect(0, 0, 3, height()), colorOf(m_tone, colors));
    }

private:
    const Theme& m_theme;
    Tone m_tone;
};

} // namespace

ToastStack::ToastStack(const Theme& theme, QWidget* parent) : QWidget(parent), m_theme(theme)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    column->setDirection(QBoxLayout::BottomToTop);
    parent->installEventFilter(this);
    hide();
}

int ToastStack::count() const
{
    return layout()->count();
}

void ToastStack::add(const QString& title, const QString& text, Tone tone)
{
    constexpr int kShownMs = 6000;
    auto* column = static_cast<QVBoxLayout*>(layout());
    if (column->count() >= kToastsMax) {
        QLayoutItem* oldest = column->itemAt(column->count() - 1);
        oldest->widget()->deleteLater();
        column->removeItem(oldest);
        delete oldest;
    }
    auto* toast = new Toast(m_theme, title, text, tone, this);
    column->insertWidget(0, toast);
    toast->show(); // a hidden child has no height in the layout
    connect(toast, &QObject::destroyed, this, &ToastStack::place, Qt::QueuedConnection);
    if (tone != Tone::Crit) QTimer::singleShot(kShownMs, toast, &QWidget::deleteLater);
    place();
}

void ToastStack::clear()
{
    while (QLayoutItem* item = layout()->takeAt(0)) {
        item->widget()->deleteLater();
        delete item;
    }
    hide();
}

void ToastStack::place()
{
    setVisible(count() > 0);
    if (count() == 0) return;
    constexpr int kWidth = 340;
    setFixedWidth(kWidth);
    layout()->activate();
    const int height = layout()->hasHeightForWidth() ? layout()->heightForWidth(kWidth)
                                                     : layout()->sizeHint().height();
    resize(kWidth, height);
    const QWidget* host = parentWidget();
    move(12, host->height() - height - metric::kStatusBar - 12);
    raise();
}

bool ToastStack::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::Resize) place();
    return QWidget::eventFilter(watched, event);
}

} // namespace qd::ui
