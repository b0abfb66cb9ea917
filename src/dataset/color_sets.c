/*
 * The colours of masks and the classes of well-known data sets, as the lines of a list: "R G B ID NAME".
 *
 * voc         PASCAL VOC 2012, 21 classes and void (255), which is no class: colour of id i from its bits, as in the
 *             development kit (VOClabelcolormap.m)
 * cityscapes  ids and colours of labels.py of cityscapesScripts. Of labels of one colour the first stands for all:
 *             unlabeled (0) for ego vehicle, rectification border, out of roi and static; pole (17) for polegroup; car
 *             (26) for license plate
 */
#include "dataset/dataset_priv.h"
#include <string.h>

static const char voc[] = "0 0 0 0 background\n"
                          "128 0 0 1 aeroplane\n"
                          "0 128 0 2 bicycle\n"
                          "128 128 0 3 bird\n"
                          "0 0 128 4 boat\n"
                          "128 0 128 5 bottle\n"
                          "0 128 128 6 bus\n"
                          "128 128 128 7 car\n"
                          "64 0 0 8 cat\n"
                          "192 0 0 9 chair\n"
                          "64 128 0 10 cow\n"
                          "192 128 0 11 diningtable\n"
                          "64 0 128 12 dog\n"
                          "192 0 128 13 horse\n"
                          "64 128 128 14 motorbike\n"
                          "192 128 128 15 person\n"
                          "0 64 0 16 pottedplant\n"
                          "128 64 0 17 sheep\n"
                          "0 192 0 18 sofa\n"
                          "128 192 0 19 train\n"
                          "0 64 128 20 tvmonitor\n"
                          "224 224 192 255\n";

static const char cityscapes[] = "0 0 0 0 unlabeled\n"
                                 "111 74 0 5 dynamic\n"
                                 "81 0 81 6 ground\n"
                                 "128 64 128 7 road\n"
                                 "244 35 232 8 sidewalk\n"
                                 "250 170 160 9 parking\n"
                                 "230 150 140 10 rail track\n"
                                 "70 70 70 11 building\n"
                                 "102 102 156 12 wall\n"
                                 "190 153 153 13 fence\n"
                                 "180 165 180 14 guard rail\n"
                                 "150 100 100 15 bridge\n"
                                 "150 120 90 16 tunnel\n"
                                 "153 153 153 17 pole\n"
                                 "250 170 30 19 traffic light\n"
                                 "220 220 0 20 traffic sign\n"
                                 "107 142 35 21 vegetation\n"
                                 "152 251 152 22 terrain\n"
                                 "70 130 180 23 sky\n"
                                 "220 20 60 24 person\n"
                                 "255 0 0 25 rider\n"
                                 "0 0 142 26 car\n"
                                 "0 0 70 27 truck\n"
                                 "0 60 100 28 bus\n"
                                 "0 0 90 29 caravan\n"
                                 "0 0 110 30 trailer\n"
                                 "0 80 100 31 train\n"
                                 "0 0 230 32 motorcycle\n"
                                 "119 11 32 33 bicycle\n";

static const struct {
    const char *name, *lines;
} sets[] = { { "voc", voc }, { "cityscapes", cityscapes } };
enum { SETS = sizeof sets / sizeof *sets };

const char *edgel_color_set(const char *name)
{
    for (size_t i = 0; i < SETS; i++)
        if (strcmp(name, sets[i].name) == 0)
            return sets[i].lines;
    return NULL;
}

const char *edgel_color_set_name(int i)
{
    return i >= 0 && i < SETS ? sets[i].name : NULL;
}
