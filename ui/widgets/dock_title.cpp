#include "ui/widgets/dock_title.h"

#include <QAbstractButton>
#include <QDockWidget>
#include <QHBoxLayout>
#include <QPainter>

namespace qd::ui {

namespace {

/// A small drawn sign: fonts do not agree on what these look like.
class TitleButton final : public QAbstractButton {
public:
    enum class Sign { Float, Close };
    TitleButton(const Theme& theme, Sign sign, const QString& objectName, const QString& accessibleName,
                QWidget* parent)
        : QAbstractButton(parent), m_theme(theme), m_sign(sign)
    {
        setObjectName(objectName);
        setAccessibleName(accessibleName);
        setToolTip(accessibleName);
        setFocusPolicy(Qt::NoFocus);
        setFixedSize(22, 22);
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        const Palette& colors = m_theme.colors();
        if (underMouse()) painter.fillRect(rect(), colors.bg4);
        painter.setPen(QPen(underMouse() ? colors.text : colors.text2, 1));
        if (m_sign == Sign::Float) {
            painter.drawRect(QRect(6, 9, 6, 6));
            painter.drawPolyline(QPolygon({QPoint(9, 9), QPoint(9, 6), QPoint(15, 6), QPoint(15, 12), QPoint(12, 12)}));
            return;
        }
        painter.setRenderHint(QPainter::Antialiasing);
        painter.drawLine(QPointF(7, 7), QPointF(15, 15));
        painter.drawLine(QPointF(15, 7), QPointF(7, 15));
    }

private:
    const Theme& m_theme;
    Sign m_sign;
};

} // namespace

DockTitle::DockTitle(const Theme& theme, QDockWidget& dock)
    : QWidget(&dock), m_theme(theme),
      m_note(new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this))
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(metric::kCellPadding, 0, 2, 0);
    row->setSpacing(8);
    auto* name = new TextLabel(theme, TypeSize::Body, TypeWeight::SemiBold, Tone::Normal, this);
    name->show(dock.windowTitle());
    row->addWidget(name);
    row->addWidget(m_note);
    row->addStretch(1);
    const QString id = dock.objectName();
    auto* floating = new TitleButton(theme, TitleButton::Sign::Float, id + QStringLiteral("Float"),
                                     tr("Float %1").arg(dock.windowTitle()), this);
    auto* close = new TitleButton(theme, TitleButton::Sign::Close, id + QStringLiteral("Close"),
                                  tr("Close %1").arg(dock.windowTitle()), this);
    row->addWidget(floating);
    row->addWidget(close);
    connect(floating, &QAbstractButton::clicked, &dock,
            [&dock] { dock.setFloating(!dock.isFloating()); });
    connect(close, &QAbstractButton::clicked, &dock, &QDockWidget::close);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void DockTitle::setNote(const QString& note)
{
    m_note->show(note);
}

void DockTitle::addControl(QWidget* control)
{
    auto* row = static_cast<QHBoxLayout*>(layout());
    row->insertWidget(row->count() - 2, control);
}

void DockTitle::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), m_theme.colors().bg2);
}

} // namespace qd::ui
