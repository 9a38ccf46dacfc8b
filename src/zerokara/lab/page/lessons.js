// Lessons: a strip above the tabs that asks for a prediction, shows what comes, and keeps both in sight.
