#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/widgets/labels.h"

namespace qd::ui {

/// What a panel shows when it has nothing to show yet, and why: loading, empty, offline, error.
class StatePlate final : public QWidget {
    Q_OBJECT
public:
    explicit StatePlate(const Theme& theme, QWidget* parent = nullptr);
    void showLoading(const QString& what);
    void showEmpty(const QString& title, const QString& hint);
    void showError(const QString& title, const QString& whatToDo);
    QString title() const { return m_title; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void present(const QString& title, const QString& hint, Tone tone, bool busy);
    const Theme& m_theme;
    QString m_title, m_hint;
    Tone m_tone = Tone::Muted;
    bool m_busy = false;
    int m_angle = 0;
    QTimer m_turn;
};

/// One line over the whole window: offline, reconnecting, halted, stale. Hidden when empty.
class Banner final : public QWidget {
    Q_OBJECT
public:
    explicit Banner(const Theme& theme, const QString& objectName, QWidget* parent = nullptr);
    void show(const QString& text, Tone tone);
    void clear();
    QString text() const { return m_text; }
    QSize sizeHint() const override { return {200, 28}; }
    QSize minimumSizeHint() const override { return {100, 28}; }

Q_SIGNALS:
    void pressed();

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    QString m_text;
    Tone m_tone = Tone::Warn;
};

/// Notifications in the lower left corner of their parent, where no order is sent from; critical
/// ones stay until closed.
class ToastStack final : public QWidget {
    Q_OBJECT
public:
    static constexpr int kToastsMax = 4;
    ToastStack(const Theme& theme, QWidget* parent);
    void add(const QString& title, const QString& text, Tone tone);
    int count() const;
    void clear();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void place();
    const Theme& m_theme;
};

} // namespace qd::ui
