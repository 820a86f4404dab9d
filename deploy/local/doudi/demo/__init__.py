"""The story of the platform's main job, told on a running embedded deployment. The journeys test the same story."""
