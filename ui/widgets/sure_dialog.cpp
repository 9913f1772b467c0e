#include "ui/widgets/sure_dialog.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/field.h"

namespace qd::ui {

namespace {

constexpr int kSureWidth = 440;

} // namespace

SureDialog::SureDialog(const Theme& theme, const Words& words, QWidget* parent) : QDialog(parent)
{
    setObjectName(QStringLiteral("sureDialog"));
    setWindowTitle(words.title);
    setMinimumWidth(kSureWidth);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(10);
    const auto addText = [&](const QString& text, TypeSize size, TypeWeight weight, Tone tone) {
        auto* label = new TextLabel(theme, size, weight, tone, this);
        label->setWordWrap(true);
        label->show(text);
        column->addWidget(label);
    };
    addText(words.title, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal);
    addText(words.text, TypeSize::Body, TypeWeight::Regular, Tone::Muted);
    if (!words.warning.isEmpty())
        addText(words.warning, TypeSize::Input, TypeWeight::Medium, Tone::Warn);
    auto* row = new QHBoxLayout;
    row->addStretch(1);
    QPushButton* back = makeButton(tr("Go back"), QStringLiteral("sureBack"), {}, this);
    QPushButton* act = makeButton(words.action, QStringLiteral("sure"), "danger", this);
    row->addWidget(back);
    row->addWidget(act);
    column->addLayout(row);
    back->setDefault(true);
    back->setFocus();
    connect(back, &QPushButton::clicked, this, &QDialog::reject);
    connect(act, &QPushButton::clicked, this, &QDialog::accept);
}

} // namespace qd::ui
