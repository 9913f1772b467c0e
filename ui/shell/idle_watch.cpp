#include "ui/shell/idle_watch.h"

#include <QCoreApplication>
#include <QEvent>

namespace qd::ui {

IdleWatch::IdleWatch(QObject* parent) : QObject(parent)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &IdleWatch::idle);
    QCoreApplication::instance()->installEventFilter(this);
}

void IdleWatch::setAfter(std::chrono::milliseconds after)
{
    m_after = after;
    after.count() > 0 ? m_timer.start(after) : m_timer.stop();
}

bool IdleWatch::eventFilter(QObject* watched, QEvent* event)
{
    switch (event->type()) {
    case QEvent::KeyPress:
    case QEvent::MouseMove:
    case QEvent::MouseButtonPress:
    case QEvent::Wheel:
    case QEvent::TouchBegin:
    case QEvent::TabletPress:
        if (m_after.count() > 0) m_timer.start(m_after);
        break;
    default: break;
    }
    return QObject::eventFilter(watched, event);
}

} // namespace qd::ui
