#pragma once

#include "services/client/facts.h"
#include "ui/orders/exit_plan.h"
#include "ui/widgets/labels.h"

namespace qd::ui {

/// What an order would cost and leave, and which checks it passes; goes grey with the prices.
class PreviewBox final : public QWidget {
    Q_OBJECT
public:
    PreviewBox(const Theme& theme, QWidget* parent);
    void showNothing(const QString& why);
    void showLoading();
    void show(const client::OrderPreview& preview, const QString& positionNote);
    /// What each exit would bring; nothing for an order without.
    void showExits(const ExitPlan& plan);
    void showProblem(const QString& text);
    void setStale(bool stale);
    bool isStale() const { return m_stale; }
    QString targetText() const { return m_target->value(); }
    QString riskText() const { return m_risk->value(); }
    QString ratioText() const { return m_ratio->value(); }
    QString checksText() const { return m_checks->value(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    ValueRow *m_notional, *m_position, *m_power, *m_fee, *m_target, *m_risk, *m_ratio, *m_checks;
    TextLabel* m_note;
    bool m_stale = false;
};

} // namespace qd::ui
