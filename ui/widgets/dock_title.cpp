#include "ui/widgets/dock_title.h"

#include <QDockWidget>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>

#include "ui/widgets/field.h"

namespace qd::ui {

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
    QPushButton* floating = makeButton(QStringLiteral("⊡"), id + QStringLiteral("Float"), "quiet",
                                       this);
    floating->setAccessibleName(tr("Float %1").arg(dock.windowTitle()));
    QPushButton* close = makeButton(QStringLiteral("×"), id + QStringLiteral("Close"), "quiet",
                                    this);
    close->setAccessibleName(tr("Close %1").arg(dock.windowTitle()));
    for (QPushButton* button : {floating, close}) {
        button->setFixedSize(24, 22);
        button->setFocusPolicy(Qt::NoFocus);
        row->addWidget(button);
    }
    connect(floating, &QPushButton::clicked, &dock,
            [&dock] { dock.setFloating(!dock.isFloating()); });
    connect(close, &QPushButton::clicked, &dock, &QDockWidget::close);
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
