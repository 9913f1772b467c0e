#pragma once

#include <QObject>
#include <QTimer>

namespace qd::ui {

/// Tells when nobody touched keyboard, mouse or screen for a while, whichever window of the program
/// they would have touched. GUI thread.
class IdleWatch final : public QObject {
    Q_OBJECT
public:
    explicit IdleWatch(QObject* parent = nullptr);
    /// Zero: never.
    void setAfter(std::chrono::milliseconds after);
    std::chrono::milliseconds after() const { return m_after; }

Q_SIGNALS:
    void idle();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    std::chrono::milliseconds m_after{};
    QTimer m_timer;
};

} // namespace qd::ui
